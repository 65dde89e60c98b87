"""Confidences and hits -> an interval of the calibration error, which itself is never below what chance leaves."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import Floats, ratio

STEPS = 14  # of each bisection: a 16,000th of the range
MOST_DRAWS = 500  # enough for the ends, which a bisection finds
# The shape of the gaps is taken from the data, which alone would cost one to two points of coverage.
TAIL = 0.7
SPREAD = 3.0  # standard errors of one bin that held all samples; what lies beyond is never an end


class CalibrationBins:
    """Hold what the calibration error is made of: ece = sum over bins of |d_b|, d_b = share_b (confidence_b - hits_b).

    On few samples every |d_b| is above 0 though the truth may be 0, so drawing the samples again adds noise to
    noise and its quantiles miss the truth. The interval holds the values of the error that the data do not
    contradict instead: for each, hits are drawn anew with gaps of the observed shape, scaled to that error.

    Args:
        bins: (N,) number of the bin of each sample.
        confidence: (N,) in [0, 1].
        hit: (N,) whether the decision was right.
        num_bins: B.
    """

    def __init__(self, bins: NDArray[np.int64], confidence: Floats, hit: NDArray[np.bool_], num_bins: int):
        self.bins, self.gap = bins, confidence - hit
        self.count: Floats = np.bincount(bins, minlength=num_bins).astype(float)
        self.confidence = ratio(self._per_bin(confidence), self.count)
        self.confidence = np.nan_to_num(self.confidence)
        self.share = ratio(self.count, np.asarray(len(bins)))
        self.difference = self._per_bin(self.gap) / max(len(bins), 1)

    def interval(
        self, member: NDArray[np.int64] | None, *, resamples: int, level: float, seed: int
    ) -> tuple[float, float]:
        """Invert the test whether the error is t: P(drawn >= seen) and P(drawn <= seen) above TAIL (1 - level) / 2.

        Args:
            member: (N,) number of the group of each sample, which hits share; None where all are independent.
        """
        seen, n = float(np.abs(self.difference).sum()), len(self.bins)
        if n < 2:
            return float("nan"), float("nan")
        tail, widen, draws = TAIL * (1 - level) / 2, self._design_effect(member), min(resamples, MOST_DRAWS)

        def drawn(error: float) -> Floats:
            return self._draw(error, widen, draws, seed)

        def may_be_less(error: float) -> bool:
            return bool((drawn(error) >= seen - 1e-12).mean() >= tail)

        def may_be_more(error: float) -> bool:
            return bool((drawn(error) <= seen + 1e-12).mean() >= tail)

        top = min(1.0, seen + SPREAD * widen / np.sqrt(n))
        low = 0.0 if may_be_less(0.0) else _border(may_be_less, inside=seen, outside=0.0)
        return low, max(seen, _border(may_be_more, inside=0.0, outside=top))

    def _per_bin(self, values: Floats) -> Floats:
        return np.bincount(self.bins, values, minlength=len(self.count)).astype(float)

    def _draw(self, error: float, widen: float, resamples: int, seed: int) -> Floats:
        """Draw the error (R,) that is seen when the true one is `error`."""
        shape = np.abs(self.difference).sum()
        toward = self.difference / shape if shape > 0 else self.share
        gap = ratio(error * toward, self.share)
        right = np.clip(self.confidence - np.nan_to_num(gap), 0.0, 1.0)[:, None]
        count = self.count[:, None]
        # One seed for all errors: the answers then change with the error and not by chance.
        hits = np.random.default_rng(seed).binomial(
            count.astype(np.int64), right, (len(self.count), resamples)
        )
        noise = right - hits / np.maximum(count, 1)
        found = self.share[:, None] * np.abs(self.confidence[:, None] - right + widen * noise)
        return np.asarray(found.sum(axis=0))

    def _design_effect(self, member: NDArray[np.int64] | None) -> float:
        """Say how much wider than by independent hits the gaps scatter, at least 1."""
        if member is None:
            return 1.0
        mean = ratio(self._per_bin(self.gap), self.count)
        rest = self.gap - mean[self.bins]
        cell = member * len(self.count) + self.bins
        together = float((np.bincount(cell, rest) ** 2).sum())
        alone = float((rest**2).sum())
        return float(np.sqrt(max(1.0, together / alone))) if alone > 0 else 1.0


def _border(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Find where a condition that holds at one end stops to hold."""
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
