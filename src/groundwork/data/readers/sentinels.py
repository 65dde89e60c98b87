"""Numbers that stand for a missing value, such as -999: far from all others, and repeated."""

from collections.abc import Iterable

import numpy as np
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.data.readers.dates import split_dates

NINES = tuple(sign * (10**digits - 1) for digits in range(2, 9) for sign in (1, -1))
CODES = frozenset((-1, -9, *NINES, *(float(np.finfo(kind).max) for kind in (np.float32, np.float64))))
LAST_DAY = 2_932_896  # 9999-12-31 in days since 1970
FEWEST = 3  # rows below which a far number may be one that was measured
FEWEST_OTHERS = 3  # different numbers beside it, without which there is no far


def sentinel_notes(frame: DataFrame, names: Iterable[str]) -> tuple[str, ...]:
    """Name the numbers that look like words for a missing value, which a model would take as they are.

    A number is named where it is one of the customary ones (-1, -9, nines, the largest float), stands in several rows,
    and lies further from all other numbers of its column than these lie from one another.
    """
    found = {name: (code, count) for name in names for code, count in _sentinels(frame[name])}
    return tuple(
        f"column {name!r} holds {code} in {count:,} rows, far from all its other numbers: "
        f"data.missing_values=[{code}] reads it as missing"
        for name, (code, count) in found.items()
    )


def _sentinels(column: Series) -> list[tuple[str, int]]:
    if types.is_datetime64_any_dtype(column):
        return _last_days(column)
    if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return []
    present = column.dropna().to_numpy(dtype="float64")
    if not len(present) or CODES.isdisjoint((present.min(), present.max())):
        return []  # as most columns
    counts = Series(present).value_counts().sort_index()
    numbers = counts.index.to_numpy()
    if len(numbers) <= FEWEST_OTHERS:
        return []
    ends = [
        (numbers[0], numbers[1] - numbers[0], numbers[1:]),
        (numbers[-1], numbers[-1] - numbers[-2], numbers[:-1]),
    ]
    return [
        (repr(int(code) if abs(code) <= max(NINES) else float(code)), int(counts[code]))
        for code, gap, others in ends
        if code in CODES and counts[code] >= FEWEST and gap > others[-1] - others[0]
    ]


def _last_days(column: Series) -> list[tuple[str, int]]:
    """Find the last day that four digits of a year can say, which stands for "until further notice"."""
    counts = split_dates(column, [])[str(column.name)].dropna().floordiv(1).value_counts().sort_index()
    days, number = counts.index.to_numpy(), int(counts.iloc[-1]) if len(counts) else 0
    if len(days) <= FEWEST_OTHERS or days[-1] != LAST_DAY or number < FEWEST:
        return []
    return [("9999-12-31", number)] if days[-1] - days[-2] > days[-2] - days[0] else []
