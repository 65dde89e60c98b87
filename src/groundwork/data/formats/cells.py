"""Cells: text <-> typed columns, without a loss in either direction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.batch import UserError

# Words for a missing value, honored where all other cells are numbers, dates or booleans. In a
# column of text they stay text: NA is also Namibia, and None a fine answer in a questionnaire.
MISSING_WORDS = frozenset(
    ["NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NAN", "null", "NULL", "Null", "None", "none"]
)
BOOLEANS = {"True": True, "true": True, "TRUE": True, "False": False, "false": False, "FALSE": False}
INFINITE = {
    "inf": np.inf,
    "Inf": np.inf,
    "Infinity": np.inf,
    "-inf": -np.inf,
    "-Inf": -np.inf,
    "-Infinity": -np.inf,
}
# A number is text where the number could not give it back: 007, +49, twenty-five digits.
WHOLE = r"0|-?[1-9][0-9]{0,19}"
DECIMAL = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|-?\.[0-9]+(?:[eE][+-]?[0-9]+)?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = DATE + r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
MASKED = frozenset(
    ("boolean", "Float32", "Float64", *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)))
)


def is_text(column: Series) -> bool:
    """Tell whether a column holds text, and not merely objects."""
    return isinstance(column.dtype, pd.StringDtype)


def cell_texts(column: Series) -> list[str | None]:
    """Write each cell as text that `infer_column` reads back to the same value; None where missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _by_code(column, cell_texts(Series(column.cat.categories)))
    gone = column.isna().to_numpy()
    if types.is_datetime64_any_dtype(column):
        texts = _moment_texts(column)
    elif types.is_float_dtype(column):
        texts = [repr(value) for value in column.astype("float64").tolist()]
    else:
        texts = [str(value) for value in column.tolist()]
    return [None if missing else text for text, missing in zip(texts, gone, strict=True)]


def label_texts(column: Series) -> list[str | None]:
    """Name each cell alike whatever column it stands in: 2.0 reads '2', as the whole number 2 does."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _by_code(column, label_texts(Series(column.cat.categories)))
    texts = cell_texts(column)
    if not types.is_float_dtype(column):
        return texts
    return [str(int(float(text))) if text and float(text).is_integer() else text for text in texts]


def _by_code(column: Series, names: list[str | None]) -> list[str | None]:
    return [names[code] if code >= 0 else None for code in column.cat.codes.tolist()]


def infer_column(texts: Sequence[str], name: str, *, decimal_comma: bool) -> Series:
    """Give a column of text its type: boolean, whole number, decimal, date, or text as it is.

    An empty cell is a missing value; MISSING_WORDS are missing in all but text. A type is only taken
    if it holds every cell exactly, so 007 and numbers of twenty-five digits remain text.
    """
    cells = Series(texts, name=name, dtype="str")
    cells = cells.where(cells != "")
    present = cells.dropna()
    if present.empty:
        return Series(np.nan, index=cells.index, name=name, dtype="float64")
    present = present[~present.isin(MISSING_WORDS)]
    if present.empty:
        return cells
    for convert in (_booleans, _whole_numbers, _decimals, infer_dates):
        if (found := convert(present)) is not None:
            return _spread(found, cells)
    if decimal_comma and present.str.fullmatch(r"-?[0-9]+(?:,[0-9]+)?").all():
        found = _decimals(present.str.replace(",", ".", regex=False))
        return cells if found is None else _spread(found, cells)
    return cells


def infer_dates(present: Series) -> Series | None:
    """Read ISO 8601 dates and times (2024-02-29, 2024-02-29T12:30:00.5+01:00); None if not all are."""
    if not present.iloc[:1].str.match(DATE).all():
        return None
    zoned = present.str.fullmatch(MOMENT + ZONE).all()
    if not zoned and not present.str.fullmatch(f"{DATE}|{MOMENT}").all():
        return None
    unit = "ns" if present.str.contains(r"\.[0-9]{7,9}", regex=True).any() else "us"
    try:
        moments = pd.to_datetime(present, format="ISO8601", utc=bool(zoned))
        return moments.dt.as_unit(unit)
    except (ValueError, OverflowError):  # the 30th of February, or outside of what nanoseconds reach
        return None


def tidy(frame: DataFrame, where: str) -> DataFrame:
    """Bring a frame of any reader to the types of a table: whole, decimal, boolean, text, date, category.

    Raises:
        UserError: If columns share a name, or cells hold lists, bytes or other things.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    if isinstance(frame.columns, pd.MultiIndex):
        raise UserError(
            f"{where}: a table must have one row of names, but got {frame.columns.nlevels}. Join them."
        )
    check_names(names, where)
    columns = {name: _tidy_column(frame.iloc[:, i], name, where) for i, name in enumerate(names)}
    return DataFrame(
        {name: column.reset_index(drop=True) for name, column in columns.items()},
        index=pd.RangeIndex(len(frame)),
    )


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse columns without a name and columns that share one."""
    if "" in names:
        raise UserError(
            f"{where}: each column must have a name, but column {names.index('') + 1} has none. Name it."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{where}: names of columns must differ, but {twice[0]!r} comes twice. Rename one.")


def _tidy_column(column: Series, name: str, where: str) -> Series:
    column = column.rename(name)
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = _tidy_column(Series(column.cat.categories), name, where)
        return column.cat.rename_categories(pd.Index(categories))
    if column.dtype.name in MASKED:
        needed = column.dtype.kind != "f" and column.isna().any()  # numpy's own types can't say "missing"
        return column if needed else column.astype(column.dtype.name.replace("boolean", "bool").lower())
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb"
    if plain or is_text(column) or types.is_datetime64_any_dtype(column):
        return column
    return _tidy_objects(column.astype(object), where)


def _tidy_objects(column: Series, where: str) -> Series:
    """Find the one type of a column of Python objects; text where there are several."""
    gone = column.isna()
    present = column[~gone]
    if present.empty:
        return Series(np.nan, index=column.index, name=column.name, dtype="float64")
    kinds = {type(value) for value in present}
    kinds = {int if issubclass(k, np.integer) else float if issubclass(k, np.floating) else k for k in kinds}
    kinds = {bool if issubclass(k, np.bool_) else str if issubclass(k, str) else k for k in kinds}
    strange = kinds - {bool, int, float, str, Decimal, dt.date, dt.datetime, pd.Timestamp}
    if strange:
        raise UserError(
            f"{where}: column {column.name!r} must hold cells of a table, but got "
            f"{min(k.__name__ for k in strange)}. "
            "Drop the column, or spread it over several."
        )
    if kinds <= {dt.date, dt.datetime, pd.Timestamp}:
        try:
            return pd.to_datetime(column).dt.as_unit("us")
        except (ValueError, OverflowError) as error:
            raise UserError(
                f"{where}: dates of column {column.name!r} must agree on a time zone, but {error}."
            ) from None
    if kinds == {str}:
        return column.astype("str")
    if kinds == {bool}:
        return column.astype("boolean") if gone.any() else column.astype(bool)
    texts = ["" if missing else str(value) for value, missing in zip(column, gone, strict=True)]
    if bool in kinds or not kinds <= {int, float, Decimal, str}:
        return Series([text or None for text in texts], index=column.index, name=column.name, dtype="str")
    found = infer_column(texts, str(column.name), decimal_comma=False)
    return found.set_axis(column.index)


def _spread(found: Series, cells: Series) -> Series:
    """Put the typed cells back among the missing ones."""
    if len(found) == len(cells):
        return found.rename(cells.name)
    wider = {"i": "Int64", "u": "UInt64", "b": "boolean"}.get(found.dtype.kind)
    return (found.astype(wider) if wider else found).reindex(cells.index).rename(cells.name)


def _booleans(present: Series) -> Series | None:
    return present.map(BOOLEANS).astype(bool) if present.isin(list(BOOLEANS)).all() else None


def _whole_numbers(present: Series) -> Series | None:
    if not present.str.fullmatch(WHOLE).all():
        return None
    values = [int(text) for text in present]
    low, high = min(values), max(values)
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return Series(values, index=present.index, dtype=dtype)
    return None


def _decimals(present: Series) -> Series | None:
    named = present.isin(list(INFINITE))
    numbers = present[~named]
    if numbers.empty:
        return present.map(INFINITE).astype("float64")
    if not numbers.str.fullmatch(DECIMAL).all():
        return None
    whole = numbers[numbers.str.fullmatch(r"-?[0-9]{16,}")]
    if any(int(float(text)) != int(text) for text in whole):
        return None  # a float would round these, identifiers more often than quantities
    values = np.array(
        [INFINITE[text] if far else float(text) for text, far in zip(present, named, strict=True)]
    )
    return Series(values, index=present.index)


def _moment_texts(column: Series) -> list[str]:
    """Write ISO 8601 in UTC where the column has a time zone, no longer than each moment needs."""
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else column
    texts: list[str] = np.datetime_as_string(naive.to_numpy()).tolist()
    texts = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return [text + "+00:00" for text in texts] if zoned else texts
