"""Columns of a table that are learned from -> numbers and categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.formats.cells import label_texts
from groundwork.data.formats.written import other_words
from groundwork.data.labels import category_notes
from groundwork.data.readers.dates import check_parts, dates_among, split_dates
from groundwork.data.readers.roles import Roles, as_names, require


@dataclass(frozen=True)
class InputColumns:
    """Hold what a table gives to learn from.

    Attributes:
        table: (N, D) float64, or text where `categorical` names it.
        categorical: Which columns are categories.
        moments: Column that was read from dates -> its parts, which are columns beside it.
        notes: One line each, for people.
    """

    table: DataFrame
    categorical: tuple[str, ...]
    moments: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def read_inputs(
    frame: DataFrame, names: Sequence[str], categorical: Sequence[str], date_parts: Sequence[str], where: str
) -> InputColumns:
    """Read columns of a table as inputs, see `input_columns`."""
    chosen = frame[list(names)]
    dates = dates_among(chosen)
    check_parts(date_parts, frame, dates, where)
    table, texts, notes = input_columns(chosen, categorical, date_parts)
    return InputColumns(table, texts, dict.fromkeys(dates, tuple(date_parts)), notes)


def input_columns(
    frame: DataFrame, categorical: Sequence[str], date_parts: Sequence[str] = ()
) -> tuple[DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Return inputs as float64 or text, the names of the categories, and notes.

    Text, booleans and what `categorical` names are categories; a date is its days since 1970, and its parts.
    """
    inputs: dict[str, Series] = {}
    categories, notes = [], []
    for name, column in frame.items():
        if types.is_datetime64_any_dtype(column):
            found = split_dates(column, date_parts)
            inputs |= found
            categories += [each for each in found if types.is_string_dtype(found[each])]
            parts = f" and by {', '.join(date_parts)}" if date_parts else ""
            notes.append(f"input {str(name)!r} holds dates, used as days since 1970-01-01{parts}")
        elif types.is_numeric_dtype(column) and not types.is_bool_dtype(column) and name not in categorical:
            inputs[str(name)] = column.astype("float64")
        else:
            inputs[str(name)] = Series(label_texts(column), dtype="str")
            categories.append(str(name))
            notes += category_notes(str(name), inputs[str(name)])
            said, remedy = ("", "") if name in categorical else other_words(inputs[str(name)])
            if said:
                notes.append(
                    f"input {str(name)!r} is read as categories, though {said}. {remedy}, or name the column in "
                    "data.categorical"
                )
    return DataFrame(inputs, index=pd.RangeIndex(len(frame))), tuple(categories), tuple(notes)


def choose_inputs(
    frame: DataFrame, roles: Roles, inputs: Sequence[str] | None, drop: Sequence[str], where: str
) -> list[str]:
    """Return the names of the inputs, none of which gives away the target or the split."""
    if inputs is None:
        kept_out = {*roles.never_inputs(), *drop, roles.order_column}
        chosen = [str(name) for name in frame.columns if name not in kept_out]
    else:
        chosen = as_names(inputs)
        require(frame, chosen, "inputs", where)
        if wrong := [name for name in chosen if name in {*roles.never_inputs(), *drop}]:
            raise UserError(
                "data.inputs must leave out target, id, group, split and dropped columns, but names "
                f"{quoted(wrong)}. Remove it."
            )
    check_inputs(chosen, where, {})
    return chosen


def check_inputs(chosen: Sequence[str], where: str, idle: Mapping[str, str]) -> None:
    """Refuse a table without an input.

    Args:
        idle: Column -> why it is no input.
    """
    if not chosen:
        reasons = "".join(f"; {name!r} {reason}" for name, reason in idle.items())
        raise UserError(
            f"a table must have an input, but {where} has no column left for one{reasons}. Set data.inputs."
        )
