"""Quantiles and targets, both scaled -> one loss per sample; missing targets do not count."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groundwork.core.quantiles import ordered_levels
from groundwork.loss.shape import check_values, observed_mean, weighted


class Quantile(nn.Module):
    """Give the pinball loss, max(q (y - f), (q - 1) (y - f)), averaged over quantiles q; f is best at those of y.

    Args:
        quantiles: Q different ones in (0, 1), 0.5 among them.

    Source:
        Koenker and Bassett, Econometrica 1978, Regression quantiles.
    """

    levels: Tensor

    def __init__(self, quantiles: Sequence[float]):
        super().__init__()
        levels = torch.tensor(ordered_levels(quantiles))
        self.register_buffer("levels", levels[:, None], persistent=False)

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compare quantiles (B, Q * T), see `QuantileHead`, with targets (B, T), NaN where missing: (B,)."""
        apart: Tensor = output.float().unflatten(1, (len(self.levels), -1))  # type: ignore[no-untyped-call]  # by torch
        check_values(apart[:, 0], target)
        missing = torch.isnan(target)[:, None]
        error = torch.where(missing, apart.detach(), target[:, None]) - apart
        pinball = torch.maximum(self.levels * error, (self.levels - 1) * error)
        return weighted(observed_mean(pinball.mean(dim=1), target), weight)
