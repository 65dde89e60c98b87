"""Confidences and hits -> the calibration error without what chance adds, and what chance alone would show."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from groundwork.metrics.counts import NOTHING, Floats, ratio

DRAWS = 400  # of a calibrated model on the same confidences
PRIOR = 1.0  # samples that a bin's hits are drawn towards its confidence by, so that a full bin still varies


def without_chance(count: Floats, confidence: Floats, hits: Floats) -> Floats:
    """Subtract from the error sum_b share_b |d_b| what the noise of the hits adds to it.

    E|N(d, s)| - |d| in each bin, with s^2 the variance of its share of hits; never below 0.

    Args:
        count: (B, R) samples per bin.
        confidence: (B, R) sums over the bin.
        hits: (B, R)

    Source:
        Kumar, Liang and Ma, NeurIPS 2019, arXiv:1909.10155, section 4, for the absolute error.
    """
    gap = np.nan_to_num(ratio(confidence - hits, count))
    share = np.nan_to_num(ratio(count, count.sum(axis=0, keepdims=True)))
    likely = np.nan_to_num(ratio(hits + PRIOR * np.nan_to_num(ratio(confidence, count)), count + PRIOR))
    deviation = np.sqrt(np.clip(likely * (1 - likely), 0, None) / np.maximum(count, 1e-12))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(deviation > 0, np.abs(gap) / deviation, np.inf)
        folded = deviation * np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2)
    folded = folded + np.abs(gap) * (1 - 2 * ndtr(-z))
    return np.asarray(np.maximum((share * (2 * np.abs(gap) - folded)).sum(axis=0), 0.0))


def chance_band(
    bins: NDArray[np.int64], confidence: Floats, num_bins: int, level: float, seed: int
) -> tuple[float, float]:
    """Tell between which errors a calibrated model would be seen on these confidences (N,).

    Source:
        Bröcker and Smith, Weather and Forecasting 2007 (consistency bars).
    """
    if not len(bins):
        return NOTHING
    count = np.bincount(bins, minlength=num_bins)
    total = np.bincount(bins, confidence, minlength=num_bins).astype(float)
    likely = np.clip(np.nan_to_num(ratio(total, count.astype(float))), 0, 1)[:, None]
    hits = np.random.default_rng(seed).binomial(count[:, None], likely, (num_bins, DRAWS))
    errors = np.abs(total[:, None] - hits).sum(axis=0) / len(bins)
    low, high = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
