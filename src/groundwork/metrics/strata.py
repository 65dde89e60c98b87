"""Shares of classes -> an interval of their mean, wide enough however the truth is spread over the classes."""

from collections.abc import Callable

import numpy as np

from groundwork.metrics.counts import Floats
from groundwork.metrics.share import Ends, clopper_pearson, mover_ends, score_ends

TINY, FEW_CLASSES = 5, 5  # a class below so many samples among up to so many classes: exact intervals, joined
NODES = 400  # of the table of worst cases


def binomial_spread(share: Floats) -> Floats:
    """Give the variance of one trial."""
    return share * (1 - share)


def f1_spread(f1: Floats) -> Floats:
    """Give the variance of F1 = 2 q / (1 + q) with q a share of one trial: (dF1/dq)^2 q (1 - q)."""
    return f1 * (1 - f1) * (2 - f1) ** 2 / 2


def mean_share_ends(share: Floats, trials: Floats, level: float) -> Ends:
    """Bound the mean of the shares (K,) of independent classes with `trials` (K,) samples each.

    By the worst case; few classes with a tiny one by Clopper and Pearson's intervals, see `mover_ends`.
    """
    if trials.min() >= TINY or len(trials) > FEW_CLASSES:
        weight = np.full(len(share), 1 / len(share))
        return worst_case_ends(share, trials, weight, binomial_spread, level)
    return mover_ends(share, clopper_pearson(share * trials, trials, level))


def worst_case_ends(
    value: Floats,
    trials: Floats,
    weight: Floats,
    spread: Callable[[Floats], Floats],
    level: float,
    inflate: float = 1.0,
) -> Ends:
    """Bound a weighted mean of K values in [0, 1] by {t: |mean - t| <= z sqrt(V(t))}.

    V(t) is the largest of inflate * sum_k w_k^2 spread(p_k) / n_k over all p with mean t: for shares it is
    attained by p_k = clip(1/2 - l n_k / w_k, 0, 1). Adding the squared Wilson distances instead covers 0.77 to 0.91
    with many small classes.

    Args:
        value: (K,) seen.
        trials: (K,) n_k > 0.
        weight: (K,) summing to 1.
        spread: Variance of one trial; its slope must fall.
        inflate: Of the variance, where the classes are not independent.
    """
    mean, variance = worst_case(trials, weight, spread)
    seen = np.asarray((weight * value).sum())
    return score_ends(seen, lambda t: inflate * np.interp(t, mean, variance), level)


def worst_case(trials: Floats, weight: Floats, spread: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Tabulate the largest variance over the mean: both (M,), the mean rising from 0 to 1."""
    grid = np.linspace(0.0, 1.0, NODES + 1)
    slope = np.minimum.accumulate(np.gradient(spread(grid), grid))
    kinds, which = np.unique(np.stack([trials, weight]), axis=1, return_inverse=True)
    n, w, count = kinds[0], kinds[1], np.bincount(which.ravel())
    # At the multiplier l the largest variance has w_k slope(p_k) / n_k = l; the smallest class asks for the largest l.
    steps = np.linspace(-1, 1, NODES + 1) ** 3
    multiplier = steps * max(slope[0], -slope[-1]) * (w / n).max()
    p = np.interp(-multiplier[:, None] * n / w, -slope, grid)
    mean = p @ (count * w)
    variance = (spread(p) / n) @ (count * w**2)
    order = np.argsort(mean, kind="stable")
    return np.r_[0.0, mean[order], 1.0], np.r_[0.0, variance[order], 0.0]
