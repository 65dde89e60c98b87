"""samples and a configuration -> a run folder: train, evaluate, predict; what one may choose between by `_target_`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundwork.run.callbacks.lr_find import FindRate
    from groundwork.run.callbacks.profile import Profile
    from groundwork.run.track.tensorboard import TensorBoard
    from groundwork.run.track.wandb import Wandb

# Imported when first used, so that no command waits for what it does not need.
_HOME = {
    "FindRate": "callbacks.lr_find",
    "Profile": "callbacks.profile",
    "TensorBoard": "track.tensorboard",
    "Wandb": "track.wandb",
}

__all__ = ["FindRate", "Profile", "TensorBoard", "Wandb"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
