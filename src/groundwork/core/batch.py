"""The vocabulary of samples and batches. It imports torch for annotations only.

Letters of shapes, used in every docstring:
    N samples in a split, B samples in a batch, C channels, H and W pixels,
    D features or input columns, K classes, T targets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
FOLDS = "-m split=folds split.k=5 'split.fold=range(5)'"  # words of train.py where val is too small to decide
VIEWS = (1, 2, 4, 8)  # numbers of fixed symmetries of an image

TaskName = Literal["classification", "regression", "multilabel"]


def sample_keys(index: Tensor, seed: int, epoch: int) -> Tensor:
    """Name an epoch's draw for each sample (B,) int64, whatever batch or device it is in."""
    draw = (seed * 1_000_003 + epoch) % 2**31
    return index + (draw << 32)


@dataclass(slots=True)
class Batch:
    """Hold B samples on their way through a network.

    Not frozen: Lightning sets the fields of copies where a strategy or precision converts inputs (FSDP, bf16-true).

    Attributes:
        inputs: Images (B, C, H, W) as stored, table rows (B, D) float64 with NaN for missing values
            and codes for categories, cached features (B, D) float32, cached maps (B, C, H, W), or a `Pair`.
        target: Class numbers (B,) int64, or values (B, T) float64 in original units or labels of 0 and 1, NaN where
            missing.
        index: (B,) int64, row in the table of samples.
        weight: (B,) float32 weight of each sample in the loss; None weighs all alike.
        mask: (B,) bool, False where a sample only pads the batch and must not count; None counts all.
    """

    inputs: Tensor
    target: Tensor
    index: Tensor
    weight: Tensor | None = None
    mask: Tensor | None = None

    def to(self, device: torch.device, *, non_blocking: bool = False) -> Batch:
        """Move every tensor to a device; one that knows no float64 (mps) gets float32."""
        tensors = dict(self._tensors())
        if device.type == "mps" and self.target.is_floating_point():
            tensors["target"] = self.target.float()
        return replace(
            self, **{name: value.to(device, non_blocking=non_blocking) for name, value in tensors.items()}
        )

    def pin_memory(self) -> Batch:
        """Copy what is not on a GPU yet to page-locked memory, from which a GPU reads by itself."""
        pinned = {name: value.pin_memory() for name, value in self._tensors() if not value.is_cuda}
        return replace(self, **pinned)

    def record_stream(self, stream: torch.cuda.Stream) -> None:
        """Keep the memory on a GPU until what a stream was told by now is done."""
        for _, value in self._tensors():
            value.record_stream(stream)

    def _tensors(self) -> list[tuple[str, Tensor]]:
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, value) for name, value in named if value is not None]
