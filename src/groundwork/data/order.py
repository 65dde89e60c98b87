"""seed, epoch -> the order of an epoch, cut into batches for each rank."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

# Chunks that are open at a time, see `Order.by_chunks`: many, so that a batch is well mixed; divisible by 2, 3, 4, 6,
# 8, 12, 16, 24, 32, 48 and 96, numbers of ranks that then share no chunk but those at the ends of streams.
STREAMS = 96


@dataclass(frozen=True)
class Slice:
    """Name the samples of one batch on one rank.

    Attributes:
        rows: (B,) positions.
        real: (B,) False where a sample is only repeated so that all ranks take equal steps; None: all count.
        share: Factor on the loss of the real samples, so that the mean over the ranks' means stays the
            mean over the samples.
    """

    rows: NDArray[np.int64]
    real: NDArray[np.bool_] | None
    share: float


@dataclass(frozen=True)
class Order:
    """Draw the order of an epoch from (seed, epoch) alone: the same on any machine and number of ranks."""

    seed: int

    def permutation(self, num_samples: int, epoch: int) -> NDArray[np.int64]:
        """Shuffle 0 .. num_samples - 1.

        Only the raw stream of a bit generator is promised to stay the same in later versions of numpy,
        so positions are sorted by raw words rather than shuffled.
        """
        return np.argsort(self._words(num_samples, epoch), kind="stable").astype(np.int64)

    def by_chunks(self, chunk: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """Shuffle 0 .. N - 1 so that whoever follows has few chunks open at a time.

        Chunks come in a drawn order, and the samples of each in a drawn order. That row is cut into STREAMS parts of
        equal length, of which each gives its next sample in turn: a batch holds samples of many chunks, and a rank
        that takes every w-th sample meets w times fewer chunks, see `dealt`.

        Args:
            chunk: (N,) number of the chunk that holds each sample.
        """
        number, num_chunks = len(chunk), int(chunk.max(initial=-1)) + 1
        words = self._words(num_chunks + number, epoch)
        row = np.lexsort((words[num_chunks:], words[chunk]))
        ends = np.arange(STREAMS + 1) * number // STREAMS
        stream = np.searchsorted(ends, np.arange(number), side="right") - 1
        return np.asarray(row[np.argsort(np.arange(number) - ends[stream], kind="stable")])

    def _words(self, number: int, epoch: int) -> NDArray[np.uint64]:
        key = np.array([self.seed % 2**64, epoch], dtype=np.uint64)
        return np.random.Philox(key=key).random_raw(number)


def dealt(rows: NDArray[np.int64], batch_size: int, world_size: int) -> NDArray[np.int64]:
    """Reorder each global batch so that rank r, which `slices` gives one stretch of it, gets every r-th of w rows."""
    turn = np.arange(len(rows))
    key = turn // (batch_size * world_size) * world_size + turn % world_size
    return rows[np.argsort(key, kind="stable")]


def table_batch_size(num_rows: int) -> int:
    """Choose the samples of a step on a table of that many training rows: about 64 steps an epoch, 32 to 1024 each."""
    return min(1024, max(32, 1 << max(0, round(log2(max(1, num_rows) / 64)))))


def slices(
    rows: NDArray[np.int64], batch_size: int, rank: int, world_size: int, *, train: bool
) -> list[Slice]:
    """Cut rows into global batches of batch_size * world_size and take this rank's part of each.

    Every rank gets the same number of batches of the same size. The last global batch may be short: it is
    shared out evenly, and padded with repeated samples that do not count.

    Args:
        batch_size: Samples per device.
        train: BatchNorm can't train on one value per channel, so a last batch is never a single sample:
            a left-over sample joins the batch before it.
    """
    step = batch_size * world_size
    starts = list(range(0, len(rows), step))
    if train and len(rows) % step == 1 and len(starts) > 1:
        starts.pop()
    stops = [*starts[1:], len(rows)]
    shortest = 2 if train and world_size > 1 else 1
    return [
        _part(rows[start:stop], rank, world_size, shortest) for start, stop in zip(starts, stops, strict=True)
    ]


def _part(rows: NDArray[np.int64], rank: int, world_size: int, shortest: int) -> Slice:
    size = max(-(-len(rows) // world_size), shortest)
    positions = np.arange(rank * size, (rank + 1) * size)
    real = positions < len(rows)
    own = rows[positions % len(rows)]
    return Slice(own, None if size * world_size == len(rows) else real, size * world_size / len(rows))
