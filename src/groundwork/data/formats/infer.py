"""Text -> typed columns that hold every cell exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas import DataFrame, Series
from pyarrow import compute

from groundwork.data.formats.cells import is_text

# Words for a missing value, honored where all other cells are numbers, dates or booleans. In a
# column of text they stay text: NA is also Namibia, and None a fine answer in a questionnaire.
MISSING_WORDS = (
    "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NAN", "null", "NULL", "Null", "None", "none",
    "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!",
)  # fmt: skip
BOOLEANS = {"True": True, "true": True, "TRUE": True, "False": False, "false": False, "FALSE": False}
INFINITE = {sign + word: float(sign + word) for sign in ("", "-") for word in ("inf", "Inf", "Infinity")}
# A number is text where the number could not give it back: 007, +49, twenty-five digits.
WHOLE = r"0|-?[1-9][0-9]{0,19}"
DECIMAL = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|-?\.[0-9]+(?:[eE][+-]?[0-9]+)?"
LONG_WHOLE = r"^-?[0-9]{16,}$"  # a float may round it
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = DATE + r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"


def infer_column(cells: Series[str], *, decimal_comma: bool, decimal_point: bool = True) -> Series:
    """Give a column of text its type: boolean, whole number, decimal, date, or text as it is.

    An empty cell is a missing value; MISSING_WORDS are missing in all but text. A type is only taken
    if it holds every cell exactly, so 007 and numbers of twenty-five digits remain text.

    Args:
        cells: (N,) text, "" where missing.
        decimal_comma: Whether 1,5 is a number.
        decimal_point: Whether 1.5 is one.
    """
    if decimal_point and (numbers := _plain_decimals(cells)) is not None:
        return numbers
    cells = cells.where(cells != "")
    present = cells.dropna()
    if present.empty:
        return Series(np.nan, index=cells.index, name=cells.name, dtype="float64")
    present = present[~present.isin(list(MISSING_WORDS))]
    if present.empty:
        return cells
    for convert in (_booleans, _whole_numbers, _decimals, infer_dates):
        if convert is _decimals and not decimal_point and present.str.contains(".", regex=False).any():
            continue
        if (found := convert(present)) is not None:
            return _spread(found, cells)
    if decimal_comma and present.str.fullmatch(r"-?[0-9]+(?:,[0-9]+)?").all():
        found = _decimals(present.str.replace(",", ".", regex=False))
        return cells if found is None else _spread(found, cells)
    return cells


def read_dates(frame: DataFrame, names: Sequence[str] | None = None) -> DataFrame:
    """Turn text columns into dates where every cell is an ISO date, as formats without dates hold them."""
    frame = frame.copy(deep=False)
    for name in frame.columns if names is None else [name for name in names if name in frame]:
        if not is_text(column := frame[name]):
            continue
        present = column.dropna()
        if len(present) and (dates := infer_dates(present)) is not None:
            frame[name] = _spread(dates, column)
    return frame


def infer_dates(present: Series) -> Series | None:
    """Read ISO 8601 dates and times (2024-02-29, 2024-02-29T12:30:00.5+01:00); None if not all are."""
    if not present.iloc[:1].str.match(DATE).all():
        return None
    zoned = present.str.fullmatch(MOMENT + ZONE).all()
    if not zoned and not present.str.fullmatch(f"{DATE}|{MOMENT}").all():
        return None
    fine = present.str.contains(r"\.[0-9]{7,9}", regex=True).any()
    try:
        return pd.to_datetime(present, format="ISO8601", utc=bool(zoned)).dt.as_unit("ns" if fine else "us")
    except (ValueError, OverflowError):  # the 30th of February, or outside of what nanoseconds reach
        return None


def _spread(found: Series, cells: Series) -> Series:
    """Put the typed cells back among the missing ones."""
    wider: dict[str, Any] = {"i": pd.Int64Dtype(), "u": pd.UInt64Dtype(), "b": pd.BooleanDtype()}
    if len(found) < len(cells):
        found = found.astype(wider.get(found.dtype.kind, found.dtype)).reindex(cells.index)
    return Series(found, name=cells.name)


def _booleans(present: Series) -> Series | None:
    # The first cell tells most columns apart, and spares the others a look at every cell.
    if present.iloc[0] not in BOOLEANS or not present.isin(list(BOOLEANS)).all():
        return None
    return present.map(BOOLEANS).astype(bool)


def _whole_numbers(present: Series) -> Series | None:
    if not re.fullmatch(WHOLE, present.iloc[0]) or not present.str.fullmatch(WHOLE).all():
        return None
    for dtype in (pa.int64(), pa.uint64()):
        try:
            return Series(compute.cast(pa.array(present), dtype).to_numpy(), index=present.index)
        except pa.ArrowInvalid:  # a number has more bits
            continue
    return None


def _plain_decimals(cells: Series) -> Series | None:
    """Read a column of decimals without a gap, as most of a wide table are, without a look at all else."""
    first = cells.iloc[0] if len(cells) else ""
    if not isinstance(first, str) or not re.fullmatch(DECIMAL, first) or re.fullmatch(WHOLE, first):
        return None
    texts = pa.array(cells)
    if texts.null_count or not compute.all(compute.match_substring_regex(texts, f"^(?:{DECIMAL})$")).as_py():
        return None
    if compute.any(compute.match_substring_regex(texts, LONG_WHOLE)).as_py():
        return None
    values = compute.cast(texts, pa.float64()).to_numpy()
    return None if np.isinf(values).any() else Series(values, index=cells.index, name=cells.name)


def _decimals(present: Series) -> Series | None:
    named = present.isin(list(INFINITE))
    numbers = present[~named]
    if not numbers.iloc[:1].str.fullmatch(DECIMAL).all() or not numbers.str.fullmatch(DECIMAL).all():
        return None
    whole = numbers[numbers.str.match(LONG_WHOLE)]
    if any(int(float(text)) != int(text) for text in whole):
        return None  # a float would round these, identifiers more often than quantities
    values = np.empty(len(present))
    values[~named] = compute.cast(pa.array(numbers), pa.float64()).to_numpy()
    if np.isinf(values[~named]).any():
        return None  # 1e400 has no float
    values[named] = present[named].map(INFINITE)
    return Series(values, index=present.index)
