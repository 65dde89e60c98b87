"""Logits and labels -> one loss per sample; unknown labels do not count."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundwork.loss.shape import check_values, observed_mean, weighted


class BinaryCrossEntropy(nn.Module):
    """Give the mean negative log-probability over the labels that are known of a sample, natural logarithm.

    -mean_t (w_t y_t log p_t + (1 - y_t) log(1 - p_t))

    Args:
        class_weights: (T,) w, what torch calls `pos_weight`; None weighs having a label as not having it.
    """

    class_weights: Tensor | None

    def __init__(self, class_weights: Sequence[float] | None = None):
        super().__init__()
        weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights)

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compare logits (B, T) with labels (B, T), NaN where unknown: (B,)."""
        check_values(output, target)
        each = functional.binary_cross_entropy_with_logits(
            output.float(), target.nan_to_num().float(), reduction="none", pos_weight=self.class_weights
        )
        return weighted(observed_mean(each, target), weight)
