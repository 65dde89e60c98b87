"""Frames as readers of files give them -> the few types of columns that a table has."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.core.errors import UserError
from groundwork.data.formats.cells import is_text
from groundwork.data.formats.infer import infer_column

MASKED = frozenset(
    ("boolean", "Float32", "Float64", *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)))
)


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
    if re.search("[\ud800-\udfff]", "".join(names)):
        raise UserError(
            f"{where}: names of columns must be Unicode, but one holds half a character. Rename it."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{where}: names of columns must differ, but {twice[0]!r} comes twice. Rename one.")


def _tidy_column(column: Series, name: str, where: str) -> Series:
    column = column.rename(name)
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = pd.Index(_tidy_column(Series(column.cat.categories), name, where))
        return column.cat.rename_categories(categories.rename(column.cat.categories.name))
    if column.dtype.name in MASKED:
        needed = column.dtype.kind != "f" and column.isna().any()  # numpy's own types can't say "missing"
        plain = np.dtype(column.dtype.name.replace("boolean", "bool").lower())
        return column if needed else Series(column.astype(plain))
    if column.dtype.kind in "iufb" or is_text(column) or types.is_datetime64_any_dtype(column):
        return column
    return _tidy_objects(column.astype(object), where)


def _tidy_objects(column: Series, where: str) -> Series:
    """Find the type that all cells of a column of Python objects share, text if there is no other."""
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
            "Remove the column from the file, or spread it over several."
        )
    if kinds <= {dt.date, dt.datetime, pd.Timestamp}:
        try:
            return pd.to_datetime(column).dt.as_unit("us")
        except (ValueError, OverflowError) as error:
            raise UserError(
                f"{where}: dates of column {column.name!r} must agree on a time zone, but {error}."
            ) from None
    if kinds == {str}:
        try:
            return column.astype("str")
        except UnicodeError:
            raise UserError(
                f"{where}: column {column.name!r} must be Unicode, but holds half a character. Repair it."
            ) from None
    if kinds == {bool}:
        return column.astype("boolean") if gone.any() else column.astype(bool)
    if kinds == {float}:
        return column.astype("float64")
    texts = ["" if missing else str(value) for value, missing in zip(column, gone, strict=True)]
    return infer_column(Series(texts, dtype="str", index=column.index, name=column.name), decimal_comma=False)
