"""One class per sample."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from groundwork.batch import Batch
from groundwork.task.base import Task


class ClassificationTask(Task):
    """Fit a network to one class per sample.

    Shapes: inputs (B, C, H, W) or (B, D); target (B,) int64; logits (B, K) float32.

    Args:
        mix: (images, probabilities (B, K), key (B,)) -> mixed images and probabilities; None mixes nothing.
        options: See `Task`.
    """

    def __init__(self, mix: nn.Module | None, **options: Any):
        super().__init__(**options)
        self.mix = mix

    def loss_target(self, target: Tensor) -> Tensor:
        """Compare classes as they are."""
        return target

    def prepare(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Augment and mix."""
        inputs, target = super().prepare(batch)
        if self.mix is None:
            return inputs, target
        share = functional.one_hot(target, self.network.head.linear.out_features).float()
        mixed, share = self.mix(inputs, share, self.keys(batch.index))
        return mixed, share
