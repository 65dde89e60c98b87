"""Several labels per sample, none of which excludes another."""

from torch import Tensor

from groundwork.core.batch import Batch
from groundwork.task.base import Task


class MultilabelTask(Task):
    """Fit a network to several labels per sample.

    Shapes: inputs (B, C, H, W) or (B, D); target (B, T) of 0 and 1, NaN where unknown; logits (B, T) float32.
    """

    kind = "multilabel"

    def prepare(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Augment and mix; a label that one of two mixed samples does not know is unknown."""
        inputs, target = super().prepare(batch)
        return (inputs, target) if self.mix is None else self.mix(inputs, target, self.keys(batch.index))

    def loss_target(self, target: Tensor) -> Tensor:
        """Compare labels as they are, in the numbers of the output."""
        return target.float()
