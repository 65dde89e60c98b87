"""a configuration -> a fitted network: data, phases, callbacks, checkpoints, resume."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.train.callbacks.build import build_callbacks
    from groundwork.train.callbacks.ema import WarmEMA
    from groundwork.train.callbacks.finite import CheckFinite
    from groundwork.train.callbacks.gradients import Gradients
    from groundwork.train.callbacks.history import History, ProgressBar
    from groundwork.train.callbacks.lr_find import FindRate
    from groundwork.train.callbacks.profile import Profile
    from groundwork.train.callbacks.stop import EarlyStopping
    from groundwork.train.checkpoint.keep import KeepBestAndLast
    from groundwork.train.fit import build_task, finish, solve
    from groundwork.train.settling import settle
    from groundwork.train.trainer import build_trainer

__all__ = [
    "CheckFinite",
    "EarlyStopping",
    "FindRate",
    "Gradients",
    "History",
    "KeepBestAndLast",
    "Profile",
    "ProgressBar",
    "WarmEMA",
    "build_callbacks",
    "build_task",
    "build_trainer",
    "finish",
    "settle",
    "solve",
]

__getattr__, __dir__ = lazy_names(__name__, __file__)
