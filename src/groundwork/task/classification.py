"""One class per sample."""

from torch import Tensor
from torch.nn import functional

from groundwork.core.batch import Batch
from groundwork.task.base import Task


class ClassificationTask(Task):
    """Fit a network to one class per sample.

    Shapes: inputs (B, C, H, W) or (B, D); target (B,) int64; logits (B, K) float32.
    """

    kind = "classification"

    def loss_target(self, target: Tensor) -> Tensor:
        """Compare classes as they are."""
        return target

    def prepare(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Augment and mix."""
        inputs, target = super().prepare(batch)
        if self.mix is None:
            return inputs, target
        share = functional.one_hot(target, self.num_outputs).float()
        mixed, share = self.mix(inputs, share, self.keys(batch.index))
        return mixed, share
