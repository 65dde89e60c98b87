"""Scores -> every metric with its interval: by a method of its own, else by drawing the samples again."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import NOTHING, Floats
from groundwork.metrics.draws import Draws, Groups, Units
from groundwork.metrics.interval import corrected_shares, quantiles

Ends = tuple[float, float]


class Scores(Protocol):
    """What gives all its metrics (R,) at R weightings (N, R) of its samples."""

    @property
    def num_samples(self) -> int:
        """Count the samples N."""

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric."""

    def ends(self, value: Mapping[str, float], draws: Draws) -> Mapping[str, Ends]:
        """Give the interval of the metrics that have a method of their own; NaN for no interval."""

    def remarks(self, draws: Draws) -> Mapping[str, Mapping[str, float]]:
        """Say more of some metrics: `chance_low` and `chance_high`, or `too_short` of an interval."""

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample (N,) adds to a metric that is a sum, or falls and rises with one; None elsewhere."""


def at_once(scores: Scores) -> dict[str, float]:
    """Give every metric of the whole split, each sample counted once; NaN means undefined."""
    return {name: float(one[0]) for name, one in scores.at(np.ones((scores.num_samples, 1))).items()}


def bootstrap(
    scores: Scores,
    *,
    group: Groups | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Give every metric its value and an interval that holds it.

    METHOD.md names the method and the measured coverage of each; a metric without a method of its own gets the
    bootstrap corrected for bias and skew (BCa). Where samples come in groups, formulas count as many samples as the
    design effect leaves, and draws take whole groups.

    Args:
        scores: The metrics of one split.
        group: (N,) samples of one group are not independent.
        resamples: Number of times that the split is drawn again.
        level: Confidence, in (0, 1).
        seed: Draws the resamples.

    Returns:
        metric -> `value`, `low`, `high`, and what `Scores.remarks` says.
    """
    draws = Draws(Units(scores.num_samples, group), resamples, level, seed)
    value = at_once(scores)
    draws.measure_effects(scores.at)
    ends = dict(scores.ends(value, draws))
    ends |= _drawn_ends(scores, value, [name for name in value if name not in ends], draws)
    remarks = scores.remarks(draws)
    found = {}
    for name, one in value.items():
        low, high = NOTHING if np.isnan(one) else ends[name]
        # Rounding, or the few draws behind an end, must not leave the value itself outside.
        found[name] = {"value": one, "low": float(np.fmin(low, one)) if low == low else low}
        found[name] |= {"high": float(np.fmax(high, one)) if high == high else high}
        found[name] |= remarks.get(name, {})
    return found


def _drawn_ends(
    scores: Scores, value: Mapping[str, float], names: list[str], draws: Draws
) -> dict[str, Ends]:
    if not names:
        return {}
    units = draws.units
    drawn = _table(scores, units.draw(draws.resamples, draws.seed), names)
    left_out = _table(scores, units.leave_out(draws.seed), names)
    point = np.array([value[name] for name in names])
    low, high = quantiles(drawn, corrected_shares(point, drawn, left_out, units.num_units, draws.level))
    return {name: (float(low[row]), float(high[row])) for row, name in enumerate(names)}


def _table(scores: Scores, weights: Iterator[NDArray[np.float32]], names: list[str]) -> Floats:
    parts = [scores.at(chunk) for chunk in weights]
    if not parts:
        return np.full((len(names), 1), np.nan)
    return np.stack([np.concatenate([part[name] for part in parts]) for name in names])
