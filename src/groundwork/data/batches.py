"""Rows in an order -> batches of one split, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.batch import Batch
from groundwork.core.pair import Pair
from groundwork.data.order import Slice

Move = Callable[[Iterator[Batch]], Iterator[Batch]]


class Source(Protocol):
    """Hold the inputs of all samples."""

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy the inputs of some rows."""
        ...


@runtime_checkable
class Ahead(Protocol):
    """A source that prepares the next batches while one is in use."""

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Tensor]:
        """Give the inputs of one batch after the other."""
        ...


@runtime_checkable
class Drawn(Protocol):
    """A source whose training inputs differ from epoch to epoch."""

    def drawn(self, epoch: int) -> Source:
        """Give the inputs of an epoch."""
        ...


@runtime_checkable
class Chunked(Protocol):
    """A source that is read chunk by chunk.

    Attributes:
        chunk: (N,) number of the chunk that holds each sample.
    """

    chunk: NDArray[np.int64]


class TableSource:
    """Hand out rows of an array (N, D): a table, or cached features."""

    def __init__(self, array: NDArray[Any]):
        self.array = torch.from_numpy(np.ascontiguousarray(array))

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy rows (B, D)."""
        return self.array.index_select(0, torch.from_numpy(rows))


class PairSource:
    """Hand out images together with the columns of their rows.

    Args:
        images: Store, stream or files, by row number.
        table: Of the same rows.
    """

    def __init__(self, images: Any, table: TableSource):
        self.images, self.table = images, table

    def batch(self, rows: NDArray[np.int64]) -> Any:
        """Copy pairs of (B, C, H, W) and (B, D)."""
        return Pair(self.images.batch(rows), self.table.batch(rows))

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Any]:
        """Give one batch after the other, prepared ahead where the images are."""
        ahead = self.images.batches(rows) if isinstance(self.images, Ahead) else map(self.images.batch, rows)
        return (Pair(images, self.table.batch(part)) for images, part in zip(ahead, rows, strict=True))


class Cursor:
    """Count where training stands: `batch` batches of epoch `epoch` were handed out."""

    def __init__(self) -> None:
        self.epoch, self.batch, self.restored = -1, 0, False

    def begin(self, num_batches: int) -> tuple[int, int]:
        """Go on inside a restored epoch that has batches left, else start the next one."""
        if not (self.restored and self.batch < num_batches):
            self.epoch, self.batch = self.epoch + 1, 0
        self.restored = False
        return self.epoch, self.batch

    def state_dict(self) -> dict[str, int]:
        """Give the position as plain whole numbers."""
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go back to a position; the next epoch begun goes on from there."""
        self.epoch, self.batch, self.restored = state["epoch"], state["batch"], True


class Batches:
    """Iterate over one split again and again; a plain iterable, since a DataLoader costs more than a slice.

    Args:
        source: Gives the inputs of all samples, when an epoch begins.
        target: (N,) or (N, T), of all samples.
        plan: The batches of an epoch.
        move: Brings batches to where they are used, see `copied_ahead`; None leaves them where they are.
    """

    def __init__(
        self,
        source: Callable[[], Source],
        target: Tensor,
        plan: Callable[[int], list[Slice]],
        move: Move | None,
    ):
        self.source, self.target, self.plan, self.move = source, target, plan, move
        self.num_batches = len(plan(0))

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Batch]:
        return self._batches(self.plan(0), self.source())

    def _batches(self, cut: list[Slice], source: Source) -> Iterator[Batch]:
        rows = [part.rows for part in cut]
        inputs = source.batches(rows) if isinstance(source, Ahead) else map(source.batch, rows)
        batches = (self._batch(part, values) for part, values in zip(cut, inputs, strict=True))
        return batches if self.move is None else self.move(batches)

    def _batch(self, part: Slice, inputs: Tensor) -> Batch:
        index = torch.from_numpy(part.rows)
        batch = Batch(inputs, self.target[index], index)
        if part.real is not None:
            mask = torch.from_numpy(part.real)
            batch = replace(batch, mask=mask, weight=mask.float() * part.share)
        return batch


class TrainBatches(Batches):
    """Iterate over one epoch after the other, and go on where a checkpoint left off.

    Args:
        limit: Number of batches after which the trainer calls an epoch done.
    """

    def __init__(
        self,
        source: Callable[[], Source],
        target: Tensor,
        plan: Callable[[int], list[Slice]],
        move: Move | None,
        cursor: Cursor,
        limit: Callable[[], float],
    ):
        super().__init__(source, target, plan, move)
        self.cursor, self.limit = cursor, limit

    def __iter__(self) -> Iterator[Batch]:
        # A generator, so that nothing happens before the first batch is asked for: Lightning makes the
        # iterator before it knows how many batches an epoch has.
        epoch, first = self.cursor.begin(int(min(len(self), self.limit())))
        source = self.source()
        source = source.drawn(epoch) if isinstance(source, Drawn) else source
        for batch in self._batches(self.plan(epoch)[first:], source):
            self.cursor.batch += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Tell Lightning that this loader can resume; the data module keeps the same position."""
        return self.cursor.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go back to a position."""
        self.cursor.load_state_dict(state)
