"""A run -> Lightning loggers: steps.csv in its folder, W&B, TensorBoard, and any other by `_target_`."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.track.loggers import build_loggers
    from groundwork.track.tensorboard import TensorBoard
    from groundwork.track.wandb import Wandb

__all__ = ["TensorBoard", "Wandb", "build_loggers"]

__getattr__, __dir__ = lazy_names(__name__, __file__)
