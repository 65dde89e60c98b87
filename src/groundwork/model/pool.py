"""Stages -> one feature vector per sample."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Pooling = Literal["mean", "max"]
# What each word of `transfer.pool` joins.
KINDS: Mapping[str, tuple[Pooling, ...]] = {"mean": ("mean",), "max": ("max",), "mean_max": ("mean", "max")}


class StagePool(nn.Module):
    """Pool the maps of some stages over their pixels and join them.

    Args:
        stages: Which stages the network reads, in this order.
        kinds: Statistics of a map; several are joined. A stage that is (B, D) already stays as it is.
    """

    def __init__(self, stages: Sequence[int], kinds: Sequence[Pooling]):
        super().__init__()
        self.stages, self.kinds = tuple(stages), tuple(kinds)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Turn the chosen stages, (B, C, H, W) or (B, D) each, into (B, D) float32."""
        return torch.cat([self.pool(stage) for stage in features], dim=1)

    def pool(self, stage: Tensor) -> Tensor:
        """Pool one stage, (B, C, H, W) or (B, D), into (B, D) float32."""
        stage = stage.float()
        if stage.ndim == 2:
            return stage
        return torch.cat(
            [stage.mean((2, 3)) if kind == "mean" else stage.amax((2, 3)) for kind in self.kinds], dim=1
        )

    def num_features(self, channels: Sequence[int], spatial: Sequence[bool]) -> int:
        """Count the features that come out for a backbone of these widths."""
        return sum(channels[stage] * (len(self.kinds) if spatial[stage] else 1) for stage in self.stages)
