"""Drawn values of a metric -> the ends of its interval."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from groundwork.metrics.counts import Floats, ratio

MAX_BIAS, MAX_SKEW = 1.0, 0.2  # beyond, the correction leaves the range that it is an expansion for


def corrected_shares(value: Floats, drawn: Floats, left_out: Floats, num_units: int, level: float) -> Floats:
    """Choose at which shares of its drawn values the interval of each metric ends.

    share(z) = Phi(b + (b + z) / (1 - a (b + z))), with b the bias (Phi^-1 of the share of drawn values below
    the value) and a a sixth of the skewness, estimated by leaving out blocks. z is Student's
    quantile times sqrt(n / (n - 1)) instead of the normal one, as a drawn split of n units spreads too little.

    Args:
        value: (M,) each metric on the whole split.
        drawn: (M, R) on the resamples, NaN where undefined.
        left_out: (M, B) with one block of units left out each.
        num_units: Samples or groups; fewer than two give NaN.
        level: Confidence, in (0, 1).

    Returns:
        (M, 2) shares in [0, 1].

    Source:
        Efron, JASA 1987 (BCa); Hesterberg, The American Statistician 2015, section 4.3 (small n).
    """
    if num_units < 2:
        return np.full((len(value), 2), np.nan)
    tail = float(t.ppf((1 + level) / 2, num_units - 1)) * np.sqrt(num_units / (num_units - 1))
    defined = np.count_nonzero(~np.isnan(drawn), axis=1)
    at = value[:, None]
    below = (drawn < at).sum(axis=1) + 0.5 * (drawn == at).sum(axis=1)
    share = np.clip(np.nan_to_num(ratio(below, defined), nan=0.5), 0.0, 1.0)
    bias = np.clip(norm.ppf(share), -MAX_BIAS, MAX_BIAS)[:, None]
    skew = np.clip(_skew(left_out), -MAX_SKEW, MAX_SKEW)[:, None]
    z = bias + np.array([-tail, tail])
    return np.asarray(norm.cdf(bias + z / np.maximum(1 - skew * z, 0.1)))


def quantiles(table: Floats, shares: Floats) -> Floats:
    """Interpolate quantiles of the defined entries of each row.

    Args:
        table: (M, R), NaN where undefined.
        shares: (M, S) in [0, 1], or NaN.

    Returns:
        (S, M), NaN where a row has no defined entry or the share is NaN.
    """
    ordered = np.sort(table, axis=1)  # NaN last
    last = np.maximum(np.count_nonzero(~np.isnan(ordered), axis=1) - 1, 0)[:, None]
    position = shares * last
    lower = np.floor(np.nan_to_num(position)).astype(np.int64)
    low = np.take_along_axis(ordered, lower, axis=1)
    high = np.take_along_axis(ordered, np.minimum(lower + 1, last), axis=1)
    return np.asarray((low + (position - lower) * (high - low)).T)


def _skew(left_out: NDArray[np.floating]) -> Floats:
    count = np.count_nonzero(~np.isnan(left_out), axis=1)[:, None]
    fall = np.nan_to_num(ratio(np.nansum(left_out, axis=1, keepdims=True), count) - left_out)
    return np.nan_to_num(ratio((fall**3).sum(axis=1), 6 * ((fall**2).sum(axis=1)) ** 1.5))
