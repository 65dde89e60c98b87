"""Probabilities on val -> the threshold from which a sample is called positive."""

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import count_metrics


def choose_threshold(
    prob: NDArray[np.floating], target: NDArray[np.integer], *, positive: int | None, criterion: str
) -> float:
    """Choose the decision threshold that makes a metric of counts largest; call it with val only.

    Every threshold between two neighboring probabilities is tried; of equals the one nearest to 0.5 wins.

    Args:
        prob: (N, 2) probabilities.
        target: (N,) class numbers, 0 or 1.
        positive: Number of the positive class; None is the last, and averages the criterion over both.
        criterion: Such as `balanced_accuracy`, `f1` (of the positive class) or `accuracy`.

    Returns:
        Threshold in [0, 1]: positive from this probability on. 0.5 where the criterion is never defined.

    Raises:
        ValueError: If `criterion` needs more than counts.
    """
    called_for = 1 if positive is None else positive
    score = prob[:, called_for].astype(np.float64)
    truth = target == called_for
    distinct = np.unique(score)
    threshold = np.unique(np.r_[0.0, (distinct[1:] + distinct[:-1]) / 2, 0.5, 1.0])
    called = _at_least(score, threshold)
    called_right = _at_least(score[truth], threshold)
    n, p = len(target), int(truth.sum())
    # Columns: the negative class, the positive class.
    hit = np.stack([(n - p) - (called - called_right), called_right], axis=1).astype(float)
    predicted = np.stack([n - called, called], axis=1).astype(float)
    total = np.broadcast_to(np.array([n - p, p], float), hit.shape)
    metrics = count_metrics(hit, total, predicted, ("negative", "positive"), None if positive is None else 1)
    if criterion not in metrics:
        raise ValueError(f"criterion must be one of {sorted(metrics)}, but got {criterion!r}")
    value = metrics[criterion]
    if np.isnan(value).all():
        return 0.5
    best = np.flatnonzero(value == np.nanmax(value))
    return float(threshold[best[np.argmin(np.abs(threshold[best] - 0.5))]])


def _at_least(score: NDArray[np.float64], threshold: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(len(score) - np.searchsorted(np.sort(score), threshold, side="left"))
