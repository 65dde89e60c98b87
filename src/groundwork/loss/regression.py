"""Values and targets, both scaled -> one loss per sample; missing targets do not count."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundwork.core.ranges import check_range
from groundwork.loss.shape import check_values, observed_mean, weighted


class _ValueLoss(nn.Module, ABC):
    """Average an error over the targets that a sample has."""

    @abstractmethod
    def errors(self, output: Tensor, target: Tensor) -> Tensor:
        """Give one error per value, (B, T)."""

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compare values (B, T) with targets (B, T), NaN where missing: (B,)."""
        check_values(output, target)
        output = output.float()
        complete = torch.where(torch.isnan(target), output.detach(), target)
        return weighted(observed_mean(self.errors(output, complete), target), weight)


class MSE(_ValueLoss):
    """Give the squared error, (f - y)^2, whose minimum is the conditional mean."""

    def errors(self, output: Tensor, target: Tensor) -> Tensor:
        """Give one error per value, (B, T)."""
        return (output - target) ** 2


class MAE(_ValueLoss):
    """Give the absolute error, |f - y|, whose minimum is the conditional median."""

    def errors(self, output: Tensor, target: Tensor) -> Tensor:
        """Give one error per value, (B, T)."""
        return (output - target).abs()


class Huber(_ValueLoss):
    """Give half the squared error up to delta and delta (|f - y| - delta / 2) beyond.

    Args:
        delta: Above 0, in standard deviations of the target.
    """

    def __init__(self, delta: float):
        super().__init__()
        check_range("loss.delta", delta, "(0, inf)")
        self.delta = delta

    def errors(self, output: Tensor, target: Tensor) -> Tensor:
        """Give one error per value, (B, T)."""
        return functional.huber_loss(output, target, reduction="none", delta=self.delta)
