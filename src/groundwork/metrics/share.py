"""Hits and trials -> an interval of the share, or of what follows from shares."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv
from scipy.stats import norm

from groundwork.metrics.counts import Floats, ratio

FEW = 10  # trials below which the exact interval of Clopper and Pearson takes the place of Wilson's
STEPS = 60  # of a bisection


class Ends(NamedTuple):
    """Hold the ends of intervals, one number each or arrays of one shape; NaN means undefined."""

    low: Floats
    high: Floats

    @property
    def pair(self) -> tuple[float, float]:
        """Give the ends of a single interval."""
        return float(self.low), float(self.high)


def wilson(hits: ArrayLike, trials: ArrayLike, level: float) -> Ends:
    """Bound a share by the score interval; trials need not be whole.

    Source:
        Wilson, JASA 1927; recommended by Brown, Cai and DasGupta, Statistical Science 2001.
    """
    z = float(norm.ppf((1 + level) / 2))
    x, n = np.broadcast_arrays(np.asarray(hits, float), np.asarray(trials, float))
    p = ratio(x, n)
    middle = ratio(x + z * z / 2, n + z * z)
    half = ratio(z * np.sqrt(np.maximum(x * (1 - p), 0) + z * z / 4), n + z * z)
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return Ends(np.minimum(low, p), np.maximum(high, p))


def clopper_pearson(hits: ArrayLike, trials: ArrayLike, level: float) -> Ends:
    """Bound a share by the exact binomial; hits and trials need not be whole.

    Source:
        Clopper and Pearson, Biometrika 1934; by the quantiles of beta distributions.
    """
    x, n = np.broadcast_arrays(np.asarray(hits, float), np.asarray(trials, float))
    tail = (1 - level) / 2
    known, some, room = n > 0, x > 0, n - x > 0
    one = np.ones_like(x)
    low = betaincinv(np.where(some, x, one), np.where(some, n - x + 1, one), tail)
    high = betaincinv(np.where(room, x + 1, one), np.where(room, n - x, one), 1 - tail)
    undefined = np.where(known, 0.0, np.nan)
    return Ends(np.where(some, low, 0.0) + undefined, np.where(room, high, 1.0) + undefined)


def share_ends(hits: ArrayLike, trials: ArrayLike, level: float) -> Ends:
    """Bound a share: exactly on few trials, by its score elsewhere."""
    few = np.asarray(trials, float) < FEW
    exact, score = clopper_pearson(hits, trials, level), wilson(hits, trials, level)
    return Ends(np.where(few, exact.low, score.low), np.where(few, exact.high, score.high))


def f1_ends(hits: ArrayLike, union: ArrayLike, level: float) -> Ends:
    """Bound F1 = 2 q / (1 + q) through the share q = TP / (TP + FP + FN).

    Args:
        hits: True positives.
        union: TP + FP + FN.
    """
    low, high = share_ends(hits, union, level)
    return Ends(2 * low / (1 + low), 2 * high / (1 + high))


def auroc_ends(value: ArrayLike, positives: ArrayLike, negatives: ArrayLike, level: float) -> Ends:
    """Bound AUROC by a score interval: those t with |value - t| <= z sqrt(V(t)).

    Source:
        Newcombe, Statistics in Medicine 2006, part 2, method 5, on the variance of Hanley and McNeil 1982
        with both sample sizes replaced by their mean inside the bracket.
    """
    v, m, n = np.broadcast_arrays(*(np.asarray(each, float) for each in (value, positives, negatives)))
    defined = np.where((m > 0) & (n > 0), v, np.nan)
    return score_ends(defined, lambda t: auroc_variance(t, m, n), level)


def auroc_variance(t: Floats, positives: Floats, negatives: Floats) -> Floats:
    """Give the variance of an AUROC that is truly t."""
    star = (positives + negatives) / 2 - 1
    bracket = 1 + star * (1 - t) / (2 - t) + star * t / (1 + t)
    return ratio(t * (1 - t) * bracket, positives * negatives)


def score_ends(value: Floats, variance: Callable[[Floats], Floats], level: float) -> Ends:
    """Find the values t in [0, 1] with |value - t| <= z sqrt(variance(t)), which must form an interval."""
    z = float(norm.ppf((1 + level) / 2))
    v = np.asarray(value, float)
    ends = []
    for limit in (0.0, 1.0):
        inside, outside = v.copy(), np.full_like(v, limit)
        for _ in range(STEPS):
            t = (inside + outside) / 2
            held = np.abs(v - t) <= z * np.sqrt(np.maximum(variance(t), 0))
            inside, outside = np.where(held, t, inside), np.where(held, outside, t)
        ends.append(np.where(np.abs(inside - limit) < 1e-12, limit, inside))
    return Ends(*ends)


def reversed_ends(ends: Ends) -> Ends:
    """Bound 1 - share."""
    return Ends(1 - ends.high, 1 - ends.low)


def mover_ends(share: Floats, ends: Ends, effect: float = 1.0) -> Ends:
    """Bound the mean of K shares by the distances to their own ends, squared and added (MOVER).

    Args:
        share: (K,)
        ends: (K,) of independent intervals.
        effect: Of the variance, where they are not independent.

    Source:
        Zou and Donner, Statistics in Medicine 2008.
    """
    mean, number = share.mean(), len(share)
    down, up = (np.sqrt(effect * (side**2).sum()) / number for side in (share - ends.low, ends.high - share))
    return Ends(np.maximum(mean - down, 0.0), np.minimum(mean + up, 1.0))
