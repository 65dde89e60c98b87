"""Probabilities and labels -> the temperature that makes them as sure as they are right."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from groundwork.core.probabilities import SMALLEST, soften

LIMITS = (0.05, 20.0)
SPREAD = 0.5  # of log T before any sample is seen


def fit_temperature(prob: NDArray[np.floating], target: NDArray[np.integer]) -> float:
    """Fit one temperature to probabilities that did not see their labels.

    T = argmin sum_n -log softmax(z_n / T)[y_n] + (log T)^2 / (2 SPREAD^2). The second term is worth a few samples:
    without it a small split on which every sample is right would ask for probabilities of 1.

    Args:
        prob: (N, K) probabilities.
        target: (N,) class numbers.

    Returns:
        T; 1 where there is nothing to fit.

    Source:
        Guo et al., ICML 2017, arXiv:1706.04599, section 4.2; the prior is ours.
    """
    if not len(target) or not np.isfinite(prob).all():
        return 1.0
    own = target.astype(np.int64)[:, None]

    def objective(log_t: float) -> float:
        chosen = np.take_along_axis(soften(prob.astype(np.float64), float(np.exp(log_t))), own, axis=1)
        return float(-np.log(np.maximum(chosen, SMALLEST)).sum() + log_t**2 / (2 * SPREAD**2))

    found = minimize_scalar(objective, bounds=tuple(np.log(LIMITS)), method="bounded")
    return float(np.exp(found.x)) if found.fun < objective(0.0) else 1.0
