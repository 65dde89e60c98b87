"""Probabilities -> decisions, and how they fall out."""

import numpy as np
from numpy.typing import NDArray


def decide(prob: NDArray[np.floating], positive: int | None, threshold: float | None) -> NDArray[np.int64]:
    """Turn probabilities (N, K) into class numbers (N,): the largest (the first of equals), or by threshold.

    Args:
        prob: (N, K) probabilities.
        positive: Number of the positive class, for a threshold in a problem of two classes; None is the last.
        threshold: Decide for the positive class from this probability on; None takes the largest.

    Raises:
        ValueError: If a threshold is given for more or fewer than two classes.
    """
    if threshold is None:
        return np.asarray(np.argmax(prob, axis=1))
    if prob.shape[1] != 2:
        raise ValueError(f"a threshold needs two classes, but got {prob.shape[1]}")
    chosen = 1 if positive is None else positive
    return np.where(prob[:, chosen].astype(np.float64) >= threshold, chosen, 1 - chosen)


def confusion_matrix(
    prediction: NDArray[np.integer], target: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Count (K, K): rows are the truth, columns the decision."""
    cell = target.astype(np.int64) * num_classes + prediction
    return np.bincount(cell, minlength=num_classes**2).reshape(num_classes, num_classes)


def true_class_rank(prob: NDArray[np.floating], target: NDArray[np.integer]) -> NDArray[np.int64]:
    """Rank the true class (N,), 0 for the first; of equal probabilities the lower class number comes first.

    A sample is a top-k hit where this is below k; k = 1 agrees with `argmax`.
    """
    own = np.take_along_axis(prob, target[:, None], axis=1)
    earlier = np.arange(prob.shape[1]) < target[:, None]
    return np.asarray(((prob > own) | ((prob == own) & earlier)).sum(axis=1))
