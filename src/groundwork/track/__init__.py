"""run folder -> copies in W&B and TensorBoard, made by a process beside the run."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.track.tensorboard import TensorBoard
    from groundwork.track.wandb import Wandb

# Imported when first used, so that no command waits for what it does not need.
_HOME = {"TensorBoard": "tensorboard", "Wandb": "wandb"}

__all__ = ["TensorBoard", "Wandb"]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
