"""a configuration -> a fitted network: data, phases, callbacks, checkpoints, resume."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.train.assemble import build_trainer
    from groundwork.train.callbacks.lr_find import FindRate
    from groundwork.train.callbacks.profile import Profile
    from groundwork.train.fit import build_task, finish, solve
    from groundwork.train.loop import build_callbacks
    from groundwork.train.settling import settle

# Imported when first used, so that no command waits for what it does not need.
_HOME = {
    "FindRate": "callbacks.lr_find",
    "Profile": "callbacks.profile",
    "build_callbacks": "loop",
    "build_task": "fit",
    "build_trainer": "assemble",
    "finish": "fit",
    "settle": "settling",
    "solve": "fit",
}

__all__ = [
    "FindRate",
    "Profile",
    "build_callbacks",
    "build_task",
    "build_trainer",
    "finish",
    "settle",
    "solve",
]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
