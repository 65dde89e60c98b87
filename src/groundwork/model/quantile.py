"""Features -> several quantiles of each target, in the units of the targets."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor

from groundwork.core.quantiles import ordered_levels
from groundwork.model.head import Activation, Decision, RegressionHead
from groundwork.model.linear import zero_linear


class QuantileHead(RegressionHead):
    """Give Q quantiles of each target, the medians of all targets first; they start at those of a normal target.

    Each quantile is linear in the features, so that the loss of a frozen backbone is convex. Lines may cross, so
    predictions are sorted: rearranged quantiles are never farther from the true ones than crossed ones, which forcing
    an order by positive steps, no longer linear, does not promise. On another scale of the target the quantiles are
    those of the target itself: a rising function takes quantiles to quantiles, and nothing is smeared.

    Shapes: features (B, D) float32; scaled quantiles (B, Q * T) float32, unsorted.

    Args:
        quantiles: Q different ones in (0, 1), 0.5 among them.
        others: See `RegressionHead`.

    Source:
        Chernozhukov, Fernández-Val and Galichon, Econometrica 2010, Quantile and probability curves without crossing.
    """

    def __init__(
        self,
        num_features: int,
        num_targets: int,
        center: Sequence[float],
        scale: Sequence[float],
        activation: Activation,
        bounds: Sequence[float] | None,
        dropout: float,
        quantiles: Sequence[float],
        decision: Decision = "value",
        num_members: int = 1,
        target_scale: Mapping[str, Any] | None = None,
    ):
        super().__init__(
            num_features, num_targets, center, scale, activation, bounds, dropout, decision, num_members,
            target_scale,
        )  # fmt: skip
        levels = ordered_levels(quantiles)
        self.num_targets = num_targets
        self.linear = zero_linear(num_features, num_targets * len(levels), num_members)
        start = torch.tensor([NormalDist().inv_cdf(each) for each in levels])
        with torch.no_grad():
            self.linear.bias += start.repeat_interleave(num_targets)  # type: ignore[operator]  # a parameter
        self.place = [sorted(levels).index(each) for each in levels]

    def activate(self, output: Tensor) -> Tensor:
        """Give scaled values, float32."""
        apart: Tensor = output.unflatten(-1, (-1, self.num_targets))  # type: ignore[no-untyped-call]  # by torch
        return super().activate(apart).flatten(-2)

    def values(self, output: Tensor) -> Tensor:
        """Turn scaled quantiles (B, Q * T) into original units, sorted, not rounded.

        Values alone (B, T), as a head that is solved to choose a cut gives them, stay values.
        """
        apart: Tensor = output.unflatten(-1, (-1, self.num_targets))  # type: ignore[no-untyped-call]  # by torch
        if apart.shape[1] > 1:
            apart = apart.sort(dim=1).values[:, self.place]
        return super().values(apart.flatten(0, 1)).reshape(-1, output.shape[1])
