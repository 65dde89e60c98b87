"""seed, epoch -> the order of an epoch, cut into batches for each rank."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray


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
        key = np.array([self.seed % 2**64, epoch], dtype=np.uint64)
        words = np.random.Philox(key=key).random_raw(num_samples)
        return np.argsort(words, kind="stable").astype(np.int64)


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
