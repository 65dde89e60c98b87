"""Inputs -> a GPU: all of them kept in its memory, or the next ones copied while those before them are in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.pair import Pair
from groundwork.data.batches import Ahead, Drawn, Source

# Share of the free memory of a GPU that inputs may take unasked; what trains on them needs the rest.
SHARE = 1 / 3
# Rows that are copied at a time.
ROWS = 256


class Movable(Protocol):
    """What goes to a GPU: a tensor, or a batch of them."""

    def pin_memory(self) -> Self:
        """Copy to page-locked memory, from which a GPU reads by itself."""
        ...

    def to(self, device: torch.device, *, non_blocking: bool = False) -> Self:
        """Copy to a device."""
        ...

    def record_stream(self, stream: Any) -> None:
        """Keep the memory until what a stream was told by now is done."""
        ...


M = TypeVar("M", bound=Movable)


def copied_ahead(items: Iterable[M], device: torch.device) -> Iterator[M]:
    """Give items on a device; those for a GPU are copied on a stream of their own while the one before is in use."""
    if device.type != "cuda":
        for item in items:
            yield item.to(device)
        return
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    waiting = None
    for item in items:
        with torch.cuda.stream(stream):
            copied = item.pin_memory().to(device, non_blocking=True)
            arrived = stream.record_event()
        if waiting is not None:
            yield _received(*waiting, device)
        waiting = copied, arrived
    if waiting is not None:
        yield _received(*waiting, device)


def _received(item: M, arrived: torch.cuda.Event, device: torch.device) -> M:
    current = torch.cuda.current_stream(device)
    current.wait_event(arrived)
    item.record_stream(current)
    return item


class Resident:
    """Hold the inputs of some rows in the memory of a device.

    Args:
        source: Where they come from.
        rows: Those that can be asked for.
        device: Where they go to.
    """

    def __init__(self, source: Source, rows: NDArray[np.int64], device: torch.device):
        rows = np.unique(rows)
        first = _rows_first(source.batch(rows[:1]))
        self.inputs = torch.empty((len(rows), *first.shape[1:]), dtype=first.dtype, device=device)
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            self.inputs[start : start + len(part)] = _rows_first(source.batch(part))
        place = torch.full((int(rows[-1]) + 1,), -1)  # no row at all, which the device refuses
        place[torch.from_numpy(rows)] = torch.arange(len(rows))
        self.place = place.to(device)

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy inputs (B, ...) inside the device."""
        index = torch.from_numpy(rows)
        if self.inputs.is_cuda:
            index = index.pin_memory()
        index = index.to(self.inputs.device, non_blocking=True)
        inputs = self.inputs.index_select(0, self.place[index])
        return inputs.permute(0, 3, 1, 2) if inputs.ndim == 4 else inputs


def fits_on(source: Source, rows: NDArray[np.int64], device: torch.device, share: float) -> bool:
    """Tell whether the inputs of some rows are the same in each epoch, and fit into a share of a GPU's free memory."""
    if device.type != "cuda" or isinstance(source, Drawn | Ahead) or not len(rows):
        return False
    if isinstance(first := source.batch(rows[:1]), Pair):
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return first.nbytes * len(rows) <= free * share


def _rows_first(inputs: Tensor) -> Tensor:
    """Lay images (B, C, H, W) out as sources hold them, channels last."""
    return inputs.permute(0, 2, 3, 1) if inputs.ndim == 4 else inputs
