"""One file format -> another, with word of what the other can't hold."""

from __future__ import annotations

import pandas as pd
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data.formats.cells import label_texts, value_type
from groundwork.data.formats.source import Source, read_frame, write_frame

KINDS = {
    "boolean": "booleans",
    "whole": "numbers",
    "decimal": "numbers",
    "date": "dates",
    "text": "text",
}
EXACT = 10**15  # spreadsheets keep fifteen digits of a number


def convert_table(source: str, target: str, query: str | None, trust_pickle: bool) -> tuple[str, ...]:
    """Write the table that lies at one place to another, read it back and compare.

    Args:
        source: File, or `sqlite:///file.db?table=name`.
        target: Likewise; the suffix tells the format, and a file or table of that name is replaced.
        query: SQL that selects the rows of a database.
        trust_pickle: Read a pickle although it can run any code.

    Returns:
        One line for each thing that the new format does not hold as it was; none: all values, their
        order, missing ones and types are the same.
    """
    old, new = Source.parse(source, "SOURCE"), Source.parse(target, "TARGET")
    if old == new:
        raise UserError(f"TARGET must differ from SOURCE, but both are {old}. Name another file.")
    frame = read_frame(old, query, trust_pickle)
    if frame.shape[1] == 0:
        raise UserError(f"{old} must have columns, but has none. Choose another file.")
    write_frame(frame, new)
    back = read_frame(new, None, trust_pickle=True)  # written by ourselves a moment ago
    return (*_differences(frame, back, new.format), *_warnings(frame, new.format))


def _differences(before: DataFrame, after: DataFrame, name: str) -> tuple[str, ...]:
    """Say in one line each which rows and columns read back otherwise."""
    if after.shape[1] == 0:
        return (f"{name} cannot hold columns without rows: their names are lost",)
    if len(before) != len(after):
        return (
            f"{name} cannot hold rows without any value: {len(before) - len(after):,} at the end are lost",
        )
    lost = [str(column) for column in before.columns if column not in after]
    notes = [f"{name} cannot hold column {column!r}" for column in lost]
    for column in before.columns:
        if column in after and (difference := _difference(before[column], after[column])):
            notes.append(f"{name} cannot hold column {column!r} as it is: {difference}")
    return tuple(notes)


def _difference(before: Series, after: Series) -> str | None:
    """Tell what became of a column, None if it is the same."""
    if before.isna().all() and after.isna().all():
        return None
    old, new = label_texts(before), label_texts(after)
    wrong = [row for row, cells in enumerate(zip(old, new, strict=True)) if cells[0] != cells[1]]
    was, now = _kind(before), _kind(after)
    if wrong:
        row = wrong[0]
        then = "a missing value" if new[row] is None else f"{_short(new[row])} among {now}"
        return f"{len(wrong):,} cells change, {_short(old[row])} in row {row + 1} reads back as {then}"
    return None if was == now else f"{was} read back as {now}"


def _kind(column: Series) -> str:
    kind = KINDS[value_type(column)]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return f"{'ordered ' if column.cat.ordered else ''}categories of {kind}"
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return f"dates in {column.dtype.tz}"
    return kind


def _short(text: str | None) -> str:
    return repr(text) if text is None or len(text) <= 30 else f"{text[:27]!r}..."


def _warnings(frame: DataFrame, name: str) -> list[str]:
    """Say what reads back here and may not elsewhere."""
    numbers = [column for column in frame.columns if value_type(frame[column]) in ("whole", "decimal")]
    infinite = [
        str(c) for c in numbers if frame[c].astype("float64").isin([float("inf"), float("-inf")]).any()
    ]
    notes = []
    if infinite and name in ("json", "jsonl", "xlsx"):
        word = "the text inf" if name == "xlsx" else "Infinity, which strict readers refuse"
        notes.append(f"{name} knows no infinite numbers: in {infinite[0]!r} they are written as {word}")
    if name == "xlsx":
        long = [
            c
            for c in numbers
            if value_type(frame[c]) == "whole" and (frame[c].astype("float64").abs() > EXACT).any()
        ]
        notes += [f"xlsx holds all digits of {c!r}, but spreadsheet programs keep fifteen" for c in long]
    return notes
