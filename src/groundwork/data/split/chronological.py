"""Times -> parts: the oldest rows train, the newest test."""

import numpy as np
from numpy.typing import NDArray
from pandas import isna

from groundwork.core.errors import UserError
from groundwork.data.split.keys import SplitKeys


def cut_by_time(keys: SplitKeys, unit: NDArray[np.int64], fractions: tuple[float, ...]) -> NDArray[np.int64]:
    """Cut the rows by time where the sizes come nearest to the shares, (N,) part numbers."""
    if keys.order is None:
        raise UserError(
            "split=chronological must know the order of the samples, but got none. Set data.order_column."
        )
    if (missing := int(isna(keys.order).sum())) > 0:
        raise UserError(
            f"split=chronological must know the time of every sample, but got {missing} without one. "
            "Fill that column, or choose another split."
        )
    time = np.asarray(np.unique(keys.order, return_inverse=True)[1], dtype=np.int64)
    _, unit = np.unique(unit, return_inverse=True)
    newest = np.zeros(unit.max(initial=-1) + 1, dtype=np.int64)
    np.maximum.at(newest, unit, time)
    time = newest[unit]
    moments, sizes = np.unique(time, return_counts=True)
    return _cut(sizes, fractions)[np.searchsorted(moments, time)]


def _cut(sizes: NDArray[np.int64], fractions: tuple[float, ...]) -> NDArray[np.int64]:
    # Moments are never divided: each border falls between two of them.
    until = np.cumsum(sizes)
    part = np.zeros(len(sizes), dtype=np.int64)
    share = 0.0
    for fraction in fractions[:-1]:
        share += fraction
        ideal = share * until[-1] if len(until) else 0
        after = int(np.searchsorted(until, ideal))
        before = int(until[after - 1]) if after > 0 else 0
        border = after + 1 if after < len(until) and until[after] - ideal <= ideal - before else after
        part[border:] += 1
    return part
