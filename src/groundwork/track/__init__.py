"""A run -> Lightning loggers: steps.csv in its folder, W&B, TensorBoard, and any other by `_target_`."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.track.loggers import build_loggers
    from groundwork.track.tensorboard import TensorBoard
    from groundwork.track.wandb import Wandb

# Imported when first used, so that no command waits for what it does not need.
_HOME = {"TensorBoard": "tensorboard", "Wandb": "wandb", "build_loggers": "loggers"}

__all__ = ["TensorBoard", "Wandb", "build_loggers"]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
