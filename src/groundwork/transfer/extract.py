"""A frozen backbone's feature maps -> one row of numbers per stage and image."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.model import Network, StagePool, autocast_to, evaluating, fuse_conv_bn, fusing_pays, view
from groundwork.model.pool import KINDS


def take_pool(features: NDArray[np.float32], pool: str, spatial: bool) -> NDArray[np.float32]:
    """Return the columns of "mean", "max" or "mean_max" of a stage that `StageReader` read.

    Args:
        features: (N, 2C) means and maxima of a map, or (N, D) of a stage without pixels.
        pool: Which.
        spatial: Whether the stage is a map.
    """
    half = features.shape[1] // 2
    if not spatial or pool == "mean_max":
        return features
    return features[:, :half] if pool == "mean" else features[:, half:]


class StageReader:
    """Run a frozen backbone over stored inputs and pool every stage by mean and maximum.

    Args:
        network: Its normalization and its backbone are used.
        load: Rows of the store (B,) -> inputs as stored.
        device: Where it runs.
        precision: What the backbone computes in; features are float32 in any case.
        symmetry: Number of the view, see `view`.
        stage: Whose maps are given unpooled, (B, C, H, W); None gives all stages pooled.
    """

    def __init__(
        self,
        network: Network,
        load: Callable[[NDArray[np.int64]], Tensor],
        device: torch.device,
        precision: torch.dtype,
        symmetry: int,
        stage: int | None = None,
    ) -> None:
        self.network, self.load = network, load
        self.device, self.precision, self.symmetry, self.stage = device, precision, symmetry, stage
        self._pool = StagePool((), KINDS["mean_max"]).pool
        self._fused: Network | None = None

    def __call__(self, rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """Return one (B, D_s) float32 array per stage for the rows (B,), or the maps of the one stage."""
        try:
            return self._read(rows)
        except torch.OutOfMemoryError:
            if len(rows) < 2:
                raise
        half = len(rows) // 2  # changes no number, beyond rounding
        return [np.concatenate(both) for both in zip(self(rows[:half]), self(rows[half:]), strict=True)]

    def _read(self, rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        inputs = self.load(rows).to(self.device, non_blocking=True)
        if self._fused is None:
            some = self.network.normalize(inputs[:1])
            self._fused = fuse_conv_bn(self.network, some) if fusing_pays(self.device) else self.network
        network = self._fused
        with evaluating(network), torch.inference_mode(), autocast_to(self.device, self.precision):
            inputs = network.normalize(inputs)
            if inputs.ndim == 4:
                inputs = view(inputs, self.symmetry).contiguous(memory_format=torch.channels_last)
            if self.stage is not None:
                return [maps.float().cpu().numpy() for maps in network.stem(inputs, [self.stage])]
            return [self._pool(stage).cpu().numpy() for stage in network.stem(inputs)]
