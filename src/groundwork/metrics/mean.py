"""Losses of samples -> intervals of their means and of ratios of means, by the bootstrap-t on the log scale."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import NOTHING, Floats, ratio
from groundwork.metrics.draws import Draws

# Standard errors that an end may lie away: resamples of few values may have hardly any spread.
FARTHEST = 20.0
Ratio = tuple[Floats, Floats]  # (N,) above and (N,) below


def log_ratio_ends(ratios: Sequence[Ratio], draws: Draws) -> list[tuple[float, float]]:
    """Bound sum(above) / sum(below) over N samples, both positive, by studentized draws of its logarithm.

    t* = (log v* - log v) / s*, with s the root of sum((above / sum above - below / sum below)^2) over the units; the
    ends are v exp(-s q(t*)). Skewed losses make the interval reach farther up than down, as they should.

    Returns:
        One interval for each ratio; NaN where a sum is 0, or where there are fewer than two units.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5.
    """
    units = draws.units
    summed = [(units.per_unit(above), units.per_unit(below)) for above, below in ratios]
    once = np.ones((units.num_units, 1))
    known = [units.num_units > 1 and above.sum() > 0 and below.sum() > 0 for above, below in summed]
    if not any(known):
        return [NOTHING] * len(ratios)
    sums = np.concatenate([_moments(*pair) for pair, keep in zip(summed, known, strict=True) if keep])
    value, error = _log_ratio(sums @ once)
    sums32 = sums.astype(np.float32)  # about a mean of 1 or so
    parts = [_log_ratio(sums32 @ each) for each in units.draw_units(draws.resamples, draws.seed)]
    drawn, spread = (np.concatenate([part[kind] for part in parts], axis=1) for kind in range(2))
    tail = (1 - draws.level) / 2
    ends = []
    for one, width, values, spreads in zip(value[:, 0], error[:, 0], drawn, spread, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            studentized = (values - one) / spreads
        studentized = np.clip(studentized[~np.isnan(studentized)], -FARTHEST, FARTHEST)
        q_low, q_high = np.quantile(studentized, [tail, 1 - tail]) if len(studentized) else (np.nan, np.nan)
        ends.append((float(np.exp(one - max(q_high, 0) * width)), float(np.exp(one - min(q_low, 0) * width))))
    found = [NOTHING] * len(ratios)
    for place, (low, high) in zip(np.flatnonzero(known), ends, strict=True):
        above, below = summed[place]
        found[place] = low * above.sum() / below.sum(), high * above.sum() / below.sum()
    return found


def _moments(above: Floats, below: Floats) -> Floats:
    """Give the rows (5, U) whose weighted sums say everything, each column in parts of its mean."""
    a, b = above / above.mean(), below / below.mean()
    return np.stack([a, b, a * a, b * b, a * b])


def _log_ratio(sums: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Give the logarithms of the ratios (M, R) and their standard errors, NaN for none, from sums (5 M, R)."""
    a, b, aa, bb, ab = sums.astype(float).reshape(-1, 5, sums.shape[1]).swapaxes(0, 1)
    with np.errstate(divide="ignore"):
        value = np.log(ratio(a, b))
    variance = ratio(aa, a**2) + ratio(bb, b**2) - 2 * ratio(ab, a * b)
    return value, np.sqrt(np.where(variance > 1e-12, variance, np.nan))
