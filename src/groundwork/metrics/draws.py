"""Samples, or the groups that they come in -> the draws behind intervals and comparisons."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from groundwork.metrics.counts import Floats

CHUNK = 1_000_000  # weights held at a time; 4 MB stay near the processor
STREAM = 0x6477  # keeps the draws apart from data that the same seed drew
BLOCKS = 200  # left out in turn to learn how skewed a metric is
FEW_DRAWS = 200  # for a variance

Groups = NDArray[np.generic] | Sequence[str]
At = Callable[[NDArray[np.floating]], Mapping[str, Floats]]


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
        return map(self.per_sample, self.draw_units(resamples, seed))

    def draw_units(self, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
        """Yield how often each unit is drawn, (U, chunk) at a time."""
        rng = np.random.default_rng((STREAM, seed))
        for start in range(0, resamples, self.width):
            columns = min(self.width, resamples - start)
            unit = rng.integers(max(self.num_units, 1), size=(self.num_units, columns))
            cell = unit * columns + np.arange(columns)
            count = np.bincount(cell.ravel(), minlength=self.num_units * columns)
            yield count.reshape(self.num_units, columns).astype(np.float32)

    def leave_out(self, seed: int) -> Iterator[NDArray[np.float32]]:
        """Yield 1 for the samples that stay and 0 for a block that does not, one column per block."""
        blocks = min(self.num_units, BLOCKS)
        if not blocks:
            return
        block = np.random.default_rng((STREAM, seed)).permutation(self.num_units) % blocks
        for start in range(0, blocks, self.width):
            columns = np.arange(start, min(start + self.width, blocks))
            yield self.per_sample((block[:, None] != columns).astype(np.float32))

    def per_sample(self, per_unit: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give each sample what its unit has."""
        return per_unit if self.member is None else per_unit[self.member]

    def per_unit(self, values: Floats) -> Floats:
        """Add up values (N,) over each unit (U,)."""
        if self.member is None:
            return values
        return np.bincount(self.member, values, minlength=self.num_units).astype(float)


@dataclass
class Draws:
    """Hold how intervals are drawn, and what groups cost.

    Attributes:
        units: Samples or groups.
        resamples: Number of draws behind an interval.
        level: Confidence, in (0, 1).
        seed: Of the draws.
        effects: Metric -> design effect; empty without groups.
    """

    units: Units
    resamples: int
    level: float
    seed: int
    effects: dict[str, float] = field(default_factory=dict)

    def effect(self, metric: str) -> float:
        """Say how many samples of these groups tell of a metric as much as one sample alone, at least 1."""
        return self.effects.get(metric, 1.0)

    def variance(self, at: Callable[[NDArray[np.floating]], Floats]) -> float:
        """Give the variance of one metric over a few draws of the units; NaN where it is undefined."""
        drawn = np.concatenate([at(weights) for weights in self.units.draw(FEW_DRAWS, self.seed)])
        return variance_of(drawn)

    def measure_effects(self, at: At) -> None:
        """Divide each metric's variance over drawn groups by that over drawn samples, as surveys do.

        Source:
            Kish, Survey Sampling, 1965; Korn and Graubard, Survey Methodology 1998.
        """
        units = self.units
        if units.member is None or units.num_units < 2:
            return
        grouped, alone = (
            _variances(at, each.draw(FEW_DRAWS, self.seed))
            for each in (units, Units(units.num_samples, None))
        )
        few = few_units(units.num_units, self.level)
        worst = units.num_samples / units.num_units  # all samples of a group alike
        for metric, variance in grouped.items():
            below = alone[metric]
            effect = variance / below if below > 0 and np.isfinite(variance) else worst
            self.effects[metric] = max(1.0, effect) * few


def variance_of(drawn: Floats) -> float:
    """Give the variance of the defined ones of drawn values; NaN of fewer than two."""
    known = drawn[~np.isnan(drawn)]
    return float(known.var()) if len(known) > 1 else float("nan")


def few_units(num_units: int, level: float) -> float:
    """Widen a variance that few units know badly, and draws of them show too small.

    Student's quantile in place of the normal one, and n / (n - 1).
    """
    number, tail = max(num_units, 2), (1 + level) / 2
    return (float(t.ppf(tail, number - 1)) / float(norm.ppf(tail))) ** 2 * number / (number - 1)


def _variances(at: At, draws: Iterator[NDArray[np.float32]]) -> dict[str, float]:
    parts = [at(weights) for weights in draws]
    found = {}
    for name in parts[0]:
        drawn = np.concatenate([part[name] for part in parts])
        known = drawn[~np.isnan(drawn)]
        found[name] = float(known.var()) if len(known) > 1 else 0.0
    return found
