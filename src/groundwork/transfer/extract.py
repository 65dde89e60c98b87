"""A frozen backbone's feature maps -> one row of numbers per stage and image."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.transfer.views import view


def pool_stage(stage: Tensor) -> Tensor:
    """Join the mean and the maximum over pixels: (B, C, H, W) -> (B, 2C); rows (B, D) stay."""
    if stage.ndim == 2:
        return stage
    return torch.cat([stage.mean((2, 3)), stage.amax((2, 3))], dim=1)


def take_pool(features: NDArray[np.float32], pool: str) -> NDArray[np.float32]:
    """Return the columns of "mean", "max" or "mean_max" from rows (N, 2C) of `pool_stage`."""
    half = features.shape[1] // 2
    return {"mean": features[:, :half], "max": features[:, half:], "mean_max": features}[pool]


class StageReader:
    """Run a frozen backbone over stored inputs in inference mode and pool every stage.

    Args:
        normalize: Turns stored inputs into what the backbone takes.
        backbone: Gives one (B, C, H, W) map or (B, D) row set per stage.
        load: Rows of the store (B,) -> inputs as stored.
        device: Where it runs.
        precision: What the backbone computes in; features are float32 in any case.
        symmetry: Number of the view, see `view`.
    """

    def __init__(
        self,
        normalize: nn.Module,
        backbone: nn.Module,
        load: Callable[[NDArray[np.int64]], Tensor],
        device: torch.device,
        precision: torch.dtype,
        symmetry: int,
    ) -> None:
        self.normalize, self.backbone, self.load = normalize, backbone, load
        self.device, self.precision, self.symmetry = device, precision, symmetry

    def __call__(self, rows: NDArray[np.int64]) -> Sequence[Tensor]:
        """Return one (B, D_s) float32 tensor per stage for the rows (B,)."""
        modules = (self.normalize, self.backbone)
        modes = [(part, part.training) for module in modules for part in module.modules()]
        for module in modules:
            module.eval()
        try:
            with torch.inference_mode(), self._autocast():
                inputs = self.normalize(self.load(rows).to(self.device, non_blocking=True))
                if inputs.ndim == 4:
                    inputs = view(inputs, self.symmetry).contiguous(memory_format=torch.channels_last)
                return [pool_stage(stage.float()) for stage in self.backbone(inputs, None)]
        finally:
            for part, mode in modes:
                part.training = mode

    def _autocast(self) -> torch.autocast:
        lower = self.precision is not torch.float32
        return torch.autocast(self.device.type, dtype=self.precision if lower else None, enabled=lower)
