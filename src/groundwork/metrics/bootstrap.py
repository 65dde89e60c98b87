"""Scores -> intervals, by drawing the samples of a split again."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import Floats

CHUNK = 1_000_000  # weights held at a time; 4 MB stay near the processor


class Scores(Protocol):
    """What gives all its metrics (R,) at R weightings (N, R) of its samples."""

    num_samples: int

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric."""


def bootstrap(
    scores: Scores,
    *,
    group: NDArray[np.object_] | Sequence[str] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Give every metric its value and a percentile bootstrap interval.

    Args:
        scores: The metrics of one split.
        group: (N,) draws whole groups instead of samples, as samples of one group are not independent.
        resamples: Number of times that the split is drawn again.
        level: Share of resamples inside the interval, in (0, 1).
        seed: Draws the resamples.

    Returns:
        metric -> `value`, `low`, `high`; resamples in which a metric is undefined are left out.
    """
    value = scores.at(np.ones((scores.num_samples, 1)))
    drawn = [scores.at(weights) for weights in draw(scores.num_samples, group, resamples, seed)]
    table = np.stack([np.concatenate([part[name] for part in drawn]) for name in value])
    low, high = quantiles(table, ((1 - level) / 2, (1 + level) / 2))
    return {
        name: {"value": float(value[name][0]), "low": float(low[row]), "high": float(high[row])}
        for row, name in enumerate(value)
    }


def draw(
    num_samples: int, group: NDArray[np.object_] | Sequence[str] | None, resamples: int, seed: int
) -> Iterator[NDArray[np.float32]]:
    """Yield how often each sample counts, (N, chunk) at a time, `resamples` columns in all."""
    member = None if group is None else np.unique(np.asarray(group), return_inverse=True)[1]
    num_units = num_samples if member is None else int(member.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    width = max(8, CHUNK // max(num_samples, 1))
    for start in range(0, resamples, width):
        columns = min(width, resamples - start)
        unit = (
            rng.integers(num_units, size=(num_units, columns)) if num_units else np.zeros((0, columns), int)
        )
        cell = unit * columns + np.arange(columns)
        count = np.bincount(cell.ravel(), minlength=num_units * columns).reshape(num_units, columns)
        counted = count.astype(np.float32)
        yield counted if member is None else counted[member]


def quantiles(table: Floats, shares: Sequence[float]) -> list[Floats]:
    """Interpolate quantiles of each row (M, R) over its defined entries; NaN where a row has none."""
    ordered = np.sort(table, axis=1)  # NaN last
    defined = np.count_nonzero(~np.isnan(ordered), axis=1)
    rows, found = np.arange(len(ordered)), []
    for share in shares:
        position = share * np.maximum(defined - 1, 0)
        lower = np.floor(position).astype(int)
        upper = np.minimum(lower + 1, np.maximum(defined - 1, 0))
        low, high = ordered[rows, lower], ordered[rows, upper]
        found.append(low + (position - lower) * (high - low))
    return found
