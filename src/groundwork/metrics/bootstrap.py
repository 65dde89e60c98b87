"""Scores -> intervals, by drawing the samples of a split again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.calibration import CalibrationBins
from groundwork.metrics.counts import Floats
from groundwork.metrics.interval import binomial_bounds, corrected_shares, quantiles

CHUNK = 1_000_000  # weights held at a time; 4 MB stay near the processor
STREAM = 0x6477  # keeps the draws apart from data that the same seed drew
BLOCKS = 200  # left out in turn to learn how skewed a metric is

Groups = NDArray[np.generic] | Sequence[str]


class Scores(Protocol):
    """What gives all its metrics (R,) at R weightings (N, R) of its samples."""

    @property
    def num_samples(self) -> int:
        """Count the samples N."""

    @property
    def calibration(self) -> CalibrationBins | None:
        """Give what the calibration error is made of; None where there is none."""

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric."""

    def trials(self) -> Mapping[str, tuple[float, float]]:
        """Say of shares how many samples they rest on, and how much of the metric one such share is."""


def bootstrap(
    scores: Scores,
    *,
    group: Groups | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Give every metric its value and a bootstrap interval, corrected for bias and skew (BCa).

    A share that is 0 or 1 on every sample has no spread to draw from; its open end is the exact binomial
    bound instead, with no more trials than there are groups.

    Coverage is 93 to 97 % from 200 samples on (tests/robustness/interval_coverage.py), except for
    `average_precision`, which is itself biased on few samples (92.7 % at 20 samples per class). `ece` has an
    interval of its own, see `CalibrationBins`: 95 to 97 % at 200 and 500 samples, 98 % where the truth is 0.

    Args:
        scores: The metrics of one split.
        group: (N,) draws whole groups instead of samples, as samples of one group are not independent.
        resamples: Number of times that the split is drawn again.
        level: Confidence, in (0, 1).
        seed: Draws the resamples.

    Returns:
        metric -> `value`, `low`, `high`; resamples in which a metric is undefined are left out.
    """
    units = Units(scores.num_samples, group)
    value = scores.at(np.ones((scores.num_samples, 1)))
    drawn = _table(scores, units.draw(resamples, seed), value)
    left_out = _table(scores, units.leave_out(seed), value)
    point = np.array([value[name][0] for name in value])
    low, high = quantiles(drawn, corrected_shares(point, drawn, left_out, units.num_units, level))
    trials = scores.trials()
    found = {}
    for row, name in enumerate(value):
        ends = float(low[row]), float(high[row])
        if name in trials and point[row] in (0.0, 1.0):
            num_trials, share = trials[name]
            ends = binomial_bounds(float(point[row]), min(num_trials, units.num_units), share, level)
        if name == "ece" and scores.calibration is not None and not np.isnan(point[row]):
            ends = scores.calibration.interval(units.member, resamples=resamples, level=level, seed=seed)
        found[name] = {"value": float(point[row]), "low": ends[0], "high": ends[1]}
    return found


class Units:
    """Know what is drawn as one: N samples, or the groups that they belong to.

    Args:
        num_samples: N.
        group: (N,) name of the group of each sample; None draws samples.
    """

    def __init__(self, num_samples: int, group: Groups | None):
        self.num_samples = num_samples
        self.member = None if group is None else np.unique(np.asarray(group), return_inverse=True)[1]
        self.num_units = num_samples if self.member is None else int(self.member.max(initial=-1)) + 1
        self.width = max(8, CHUNK // max(num_samples, 1))

    def draw(self, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
        """Yield how often each sample is drawn, (N, chunk) at a time, `resamples` columns in all."""
        rng = np.random.default_rng((STREAM, seed))
        for start in range(0, resamples, self.width):
            columns = min(self.width, resamples - start)
            unit = rng.integers(max(self.num_units, 1), size=(self.num_units, columns))
            cell = unit * columns + np.arange(columns)
            count = np.bincount(cell.ravel(), minlength=self.num_units * columns)
            yield self._per_sample(count.reshape(self.num_units, columns).astype(np.float32))

    def leave_out(self, seed: int) -> Iterator[NDArray[np.float32]]:
        """Yield 1 for the samples that stay and 0 for a block that does not, one column per block."""
        blocks = min(self.num_units, BLOCKS)
        if not blocks:
            return
        block = np.random.default_rng((STREAM, seed)).permutation(self.num_units) % blocks
        for start in range(0, blocks, self.width):
            columns = np.arange(start, min(start + self.width, blocks))
            yield self._per_sample((block[:, None] != columns).astype(np.float32))

    def _per_sample(self, per_unit: NDArray[np.float32]) -> NDArray[np.float32]:
        return per_unit if self.member is None else per_unit[self.member]


def _table(scores: Scores, weights: Iterator[NDArray[np.float32]], names: Mapping[str, Floats]) -> Floats:
    parts = [scores.at(chunk) for chunk in weights]
    if not parts:
        return np.full((len(names), 1), np.nan)
    return np.stack([np.concatenate([part[name] for part in parts]) for name in names])
