"""One or several values per sample."""

from torch import Tensor

from groundwork.task.base import Task


class RegressionTask(Task):
    """Fit a network to one or several values per sample.

    The loss compares in scaled units, metrics and predictions are in original units.

    Shapes: inputs (B, C, H, W) or (B, D); target (B, T) float64, NaN where missing; output (B, T) float32.
    """

    def loss_target(self, target: Tensor) -> Tensor:
        """Scale the target as the head scales its output."""
        scaled: Tensor = self.network.head.scale_target(target)
        return scaled
