"""Targets in original units <-> the scale on which a network learns them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from groundwork.core.scaling import piecewise_linear

NUM_RESIDUALS = 33  # quantiles of the training residuals that the mean is taken over


class TargetScale(nn.Module):
    """Bring targets to a logarithmic scale or to ranks, and predictions back to means in original units.

    The mean of y is not what a mean on another scale turns into, which would be its median. So predictions are Duan's
    smearing estimate: the mean over the training residuals e of g^-1(t + e), where g is the scale. Predictions keep
    within one deviation of what train shows.

    Args:
        state: See `fit_target_scale`.

    Source:
        Duan, Journal of the American Statistical Association 1983, "Smearing estimate".
    """

    shift: Tensor
    low: Tensor
    high: Tensor
    center: Tensor
    scale: Tensor
    knots: Tensor
    scores: Tensor
    residuals: Tensor

    def __init__(self, state: Mapping[str, Any]):
        super().__init__()
        self.method = state["method"]
        for name in ("shift", "low", "high", "center", "scale", "knots", "scores"):
            self.register_buffer(name, torch.tensor(state[name], dtype=torch.float64))
        self.register_buffer(
            "residuals", torch.zeros(NUM_RESIDUALS, len(state["shift"]), dtype=torch.float64)
        )

    def forward(self, target: Tensor) -> Tensor:
        """Turn targets (B, T) in original units into standardized ones; NaN stays NaN."""
        if self.method == "log":
            # A later target may lie below all of train, where the logarithm would have no value.
            least = self.low.exp() / 2
            scaled = torch.maximum(target + self.shift, least).log()
            scaled = torch.where(target.isnan(), target, scaled)
        else:
            scaled = piecewise_linear(target, self.knots, self.scores)
        return (scaled - self.center) / self.scale

    def smeared(self, prediction: Tensor) -> Tensor:
        """Turn predictions (B, T) in original units that were made without residuals into means."""
        return self.inverse(self(prediction))

    def inverse(self, output: Tensor) -> Tensor:
        """Turn standardized values (B, T) into means in original units."""
        scaled = output.to(self.scale.dtype) * self.scale + self.center
        moved = scaled[:, None] + self.residuals
        moved = moved.clamp(min=self.low - self.scale).minimum(self.high + self.scale)
        logs = self.method == "log"
        values = moved.exp() - self.shift if logs else piecewise_linear(moved, self.scores, self.knots)
        return values.mean(dim=1)

    def learn_residuals(self, prediction: Tensor, target: Tensor) -> None:
        """Note by quantiles how far targets (N, T) lie from what was predicted without residuals, in original units."""
        apart = (self(target) - self(prediction)) * self.scale
        levels = (torch.arange(NUM_RESIDUALS, dtype=apart.dtype, device=apart.device) + 0.5) / NUM_RESIDUALS
        for place in range(apart.shape[1]):
            known = apart[:, place][~apart[:, place].isnan()]
            self.residuals[:, place] = torch.quantile(known, levels)
