"""One or several values per sample."""

from dataclasses import replace

from torch import Tensor

from groundwork.core.batch import Batch
from groundwork.task.base import Task


class RegressionTask(Task):
    """Fit a network to one or several values per sample.

    The loss compares in scaled units, metrics and predictions are in original units.

    Shapes: inputs (B, C, H, W) or (B, D); target (B, T) float64, NaN where missing; output (B, T) float32.
    """

    kind = "regression"

    def complete(self, batch: Batch) -> Batch:
        """Give a single target an axis of its own."""
        return replace(batch, target=batch.target[:, None]) if batch.target.ndim == 1 else batch

    def loss_target(self, target: Tensor) -> Tensor:
        """Scale the target as the head scales its output."""
        scaled: Tensor = self.network.head.scale_target(target)
        return scaled
