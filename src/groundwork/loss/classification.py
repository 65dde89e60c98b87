"""Logits and classes -> one loss per sample."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundwork.core.ranges import check_range
from groundwork.loss.shape import check_classes, weighted


class CrossEntropy(nn.Module):
    """Give the negative log-probability of the class, natural logarithm.

    -sum_k w_k q_k log p_k, where q = (1 - e) onehot + e / K smooths the label by e.

    Args:
        label_smoothing: e in [0, 1).
        class_weights: (K,) w, mean 1 over the samples; None weighs all alike.
    """

    class_weights: Tensor | None

    def __init__(self, label_smoothing: float, class_weights: Sequence[float] | None = None):
        super().__init__()
        check_range("loss.label_smoothing", label_smoothing, "[0, 1)")
        self.label_smoothing = label_smoothing
        self.register_buffer("class_weights", _weights(class_weights))

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compare logits (B, K) with classes (B,) or probabilities (B, K): (B,)."""
        check_classes(output, target)
        losses = functional.cross_entropy(
            output.float(),
            target,
            weight=self.class_weights,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return weighted(losses, weight)


class Ordinal(CrossEntropy):
    """Give the negative log-probability of one of several ordered classes, of what `OrdinalHead` gives.

    Args:
        class_weights: (K,) w, mean 1 over the samples; None weighs all alike.
    """

    def __init__(self, class_weights: Sequence[float] | None = None):
        super().__init__(0.0, class_weights)


class Focal(nn.Module):
    """Give cross-entropy that counts a sample less the better it is predicted.

    -sum_k w_k q_k (1 - p_k)^gamma log p_k

    Args:
        gamma: At least 0; 0 is cross-entropy.
        class_weights: (K,) w, mean 1 over the samples; None weighs all alike.

    Source:
        Lin et al., ICCV 2017, arXiv:1708.02002, equation 5.
    """

    class_weights: Tensor | None

    def __init__(self, gamma: float, class_weights: Sequence[float] | None = None):
        super().__init__()
        check_range("loss.gamma", gamma, "[0, inf)")
        self.gamma = gamma
        self.register_buffer("class_weights", _weights(class_weights))

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compare logits (B, K) with classes (B,) or probabilities (B, K): (B,)."""
        check_classes(output, target)
        log_probs = functional.log_softmax(output.float(), dim=1)
        share = functional.one_hot(target, output.shape[1]) if target.ndim == 1 else target
        if self.class_weights is not None:
            share = share * self.class_weights
        # 1 - p, kept off 0 where a power below 1 has no finite slope
        rest = (-torch.expm1(log_probs)).clamp(min=torch.finfo(torch.float32).tiny)
        return weighted(-(share * rest**self.gamma * log_probs).sum(dim=1), weight)


def _weights(values: Sequence[float] | None) -> Tensor | None:
    return None if values is None else torch.as_tensor(values, dtype=torch.float32)
