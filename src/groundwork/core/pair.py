"""Images and the columns of their rows on their way through a network. It imports torch for annotations only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(slots=True)
class Pair:
    """Hold the inputs of B samples that have an image and columns; it moves and is cut as a tensor is.

    Attributes:
        image: (B, C, H, W) as stored.
        row: (B, D) float64 with NaN for missing values and codes for categories.
    """

    image: Tensor
    row: Tensor

    def images(self, change: Callable[[Tensor], Tensor]) -> Pair:
        """Change the images alone."""
        return Pair(change(self.image), self.row)

    def to(self, device: torch.device, *, non_blocking: bool = False) -> Pair:
        """Copy to a device; one that knows no float64 (mps) gets float32."""
        row = self.row.float() if device.type == "mps" else self.row
        return Pair(
            self.image.to(device, non_blocking=non_blocking), row.to(device, non_blocking=non_blocking)
        )

    def pin_memory(self) -> Pair:
        """Copy to page-locked memory, from which a GPU reads by itself."""
        return Pair(self.image.pin_memory(), self.row.pin_memory())

    def record_stream(self, stream: Any) -> None:
        """Keep the memory on a GPU until what a stream was told by now is done."""
        self.image.record_stream(stream)
        self.row.record_stream(stream)

    def __getitem__(self, rows: Any) -> Pair:
        return Pair(self.image[rows], self.row[rows])

    def __len__(self) -> int:
        return len(self.image)

    @property
    def device(self) -> torch.device:
        """Say where both are."""
        return self.image.device

    @property
    def is_cuda(self) -> bool:
        """Tell whether both are on a GPU."""
        return self.image.is_cuda

    @property
    def shape(self) -> torch.Size:
        """Give the shape of the images."""
        return self.image.shape
