"""Several labels per sample, none of which excludes another."""

from torch import Tensor

from groundwork.task.base import Task


class MultilabelTask(Task):
    """Fit a network to several labels per sample.

    Shapes: inputs (B, C, H, W) or (B, D); target (B, T) of 0 and 1, NaN where unknown; logits (B, T) float32.
    """

    kind = "multilabel"

    def loss_target(self, target: Tensor) -> Tensor:
        """Compare labels as they are, in the numbers of the output."""
        return target.float()
