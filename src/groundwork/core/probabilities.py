"""Probabilities -> the same ranking, more or less sure."""

import numpy as np
from numpy.typing import NDArray

SMALLEST = float(np.finfo(np.float32).tiny)  # a probability of 0 is one that float32 could not hold


def soften(prob: NDArray[np.floating], temperature: float) -> NDArray[np.floating]:
    """Divide the logits of probabilities (N, K) by a temperature: above 1 they get less sure.

    p_k^(1/T) / sum_j p_j^(1/T); the type stays.
    """
    if temperature == 1:
        return prob
    logits = np.log(np.maximum(prob.astype(np.float64), SMALLEST)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    share = np.exp(logits)
    return np.asarray((share / share.sum(axis=1, keepdims=True)).astype(prob.dtype))
