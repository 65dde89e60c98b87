"""a configuration -> a fitted network: data, phases, callbacks, checkpoints, resume."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.train.callbacks.gradients import Gradients
    from groundwork.train.callbacks.lr_find import FindRate
    from groundwork.train.callbacks.profile import Profile

# Imported when first used, so that no command waits for what it does not need.
_HOME = {"FindRate": "callbacks.lr_find", "Gradients": "callbacks.gradients", "Profile": "callbacks.profile"}

__all__ = ["FindRate", "Gradients", "Profile"]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
