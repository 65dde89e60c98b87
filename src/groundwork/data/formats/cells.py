"""Cells of a tidy column -> text, the same for the same value in any file format."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pandas import Series
from pandas.api import types


def is_text(column: Series) -> bool:
    """Tell whether a column holds text, and not merely objects."""
    return isinstance(column.dtype, pd.StringDtype)


def value_type(column: Series) -> Literal["boolean", "whole", "decimal", "date", "text"]:
    """Name what the cells of a tidy column are, those of its categories where it has some."""
    inner = Series(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else column
    if types.is_bool_dtype(inner):
        return "boolean"
    if types.is_integer_dtype(inner):
        return "whole"
    if types.is_float_dtype(inner):
        return "decimal"
    return "date" if types.is_datetime64_any_dtype(inner) else "text"


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
    if not types.is_float_dtype(column):
        return cell_texts(column)
    values = column.to_numpy(dtype="float64", na_value=np.nan).tolist()
    return [
        None if value != value else str(int(value)) if value.is_integer() else repr(value) for value in values
    ]


def _by_code(column: Series, names: list[str | None]) -> list[str | None]:
    return [names[code] if code >= 0 else None for code in column.cat.codes.tolist()]


def _moment_texts(column: Series) -> list[str]:
    """Write ISO 8601 in UTC where the column has a time zone, no longer than each moment needs."""
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else column
    texts: list[str] = np.datetime_as_string(naive.to_numpy()).tolist()
    texts = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return (
        [text + "+00:00" for text in texts] if zoned else [text.removesuffix("T00:00:00") for text in texts]
    )
