"""Columns that say nothing about a sample: row numbers, constants, and the part of a split that it lies in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pandas import DataFrame, Series
from pandas.api import types

from groundwork.data.formats.cells import is_text, label_texts
from groundwork.data.formats.nameless import is_row_numbers
from groundwork.data.readers.roles import SPLIT_NAMES

# Pandas names so what has no name.
UNNAMED = re.compile(r"Unnamed: [0-9]+(?:\.[0-9]+)?|__index_level_[0-9]+__")
INDEX_NAMES = ("index", "level_0", "row", "row_number", "rownames", "rowname", "row_id", "rn")
# What numbers that go on by one are called where they are no years and no ages.
ID_NAMES = re.compile(
    r"(?:.*[ _.-])?(?:id|idx|pk|key|no|nr|num|number|serial|record|sample|obs|#)\.?|.*[a-z](?:Id|ID|No|Nr|Num|Number)",
)
PART_NAMES = re.compile(r"(?:k|cv)?[ _-]?folds?|is[ _-]?(?:train|valid|val|test)(?:ation)?|split|partition")
MOST_FOLDS = 20
FEWEST_ROWS = 20  # from which on 1, 2, 3, ... in any order is no chance


def leftover_columns(frame: DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Tell which columns are no inputs, and why: a model that reads row numbers learns the order of a file."""
    reasons = {name: _reason(name, frame[name]) for name in names}
    return {name: reason for name, reason in reasons.items() if reason}


def leftover_notes(reasons: dict[str, str]) -> tuple[str, ...]:
    """Say of each column that it is left out."""
    return tuple(
        f"column {name!r} {reason}: left out of the inputs, unless data.inputs names it"
        for name, reason in reasons.items()
    )


def part_notes(frame: DataFrame, names: Iterable[str]) -> tuple[str, ...]:
    """Say of each column that names the parts of a split how it is kept."""
    return tuple(f"column {name!r} {_keeps(name)}" for name in names if _names_parts(frame[name]))


def _names_parts(column: Series) -> bool:
    """Tell whether a column holds nothing but words for train, val and test, train among two of them at least."""
    if not is_text(column):
        return False
    parts = {SPLIT_NAMES.get(str(text).strip().casefold()) for text in column.dropna().unique()}
    return "train" in parts and None not in parts and len(parts) > 1


def _keeps(name: str) -> str:
    return f"names the parts of a split, which data.split_column={name} keeps"


def _reason(name: str, column: Series) -> str:
    present = column.dropna()
    if present.empty:
        return "holds no value" if len(column) else ""
    whole = _is_whole(present)
    if whole and UNNAMED.fullmatch(name):
        return "is an index that was saved without a name"
    if whole and len(column) == len(present):
        first = float(present.min())
        if len(column) >= FEWEST_ROWS and is_row_numbers(column, first if _names_rows(name) else None):
            return "counts the rows" if first in (0, 1) else f"numbers the rows from {first:.0f} on"
        if name.casefold() in INDEX_NAMES and column.is_unique and len(column) > 1:
            return "is an index"
    same = present.iloc[0] == present.iloc[-1]  # else a column of many is no constant
    if same and len(column) > 1 and len(column) == len(present) and present.nunique() == 1:
        return f"holds nothing but {label_texts(present.iloc[:1])[0]!r}"
    if _names_parts(column):
        return _keeps(name)
    if _numbers_parts(name, present):
        return "is called like the parts or folds of a split"
    return ""


def _names_rows(name: str) -> bool:
    return any(ID_NAMES.fullmatch(each) for each in (name, name.casefold()))


def _numbers_parts(name: str, present: Series) -> bool:
    """Tell whether a column is called like parts or folds, and holds few whole numbers, or true and false."""
    if PART_NAMES.fullmatch(name.casefold()) is None or present.nunique() > MOST_FOLDS:
        return False
    return types.is_bool_dtype(present) or _is_whole(present)


def _is_whole(present: Series) -> bool:
    if not types.is_numeric_dtype(present) or types.is_bool_dtype(present):
        return False
    return float(present.iloc[0]).is_integer() and bool((present % 1 == 0).all())
