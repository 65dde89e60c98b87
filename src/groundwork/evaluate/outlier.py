"""Errors on val -> a word where one row alone makes most of what chose the epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_ROWS = 30
SHARE = 0.25  # of the squared error, by one row, from which it is said


def outlier_note(prediction: NDArray[np.floating], target: NDArray[Any], monitor: str) -> str:
    """Say that one row makes a large part of the squared error that chose; empty where none does.

    Args:
        prediction: (N, T) of val, original units.
        target: (N, T) of val.
        monitor: Metric that chose.
    """
    if monitor not in ("mse", "rmse", "r2") or len(prediction) < LEAST_ROWS:
        return ""
    error = np.nan_to_num(np.asarray(prediction - target.reshape(prediction.shape), np.float64)) ** 2
    total = error.sum(axis=0)
    share = float((error.max(axis=0) / np.where(total > 0, total, 1.0)).max())
    if share < SHARE:
        return ""
    return (
        f"one of {len(prediction):,} rows of val makes {share:.0%} of its squared error, so that row nearly chose the "
        f"epoch alone. Use monitor=mae, or task.target_scale=log for a skewed target"
    )
