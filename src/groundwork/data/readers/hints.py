"""Columns of a table that play no part in its split -> those that look as if they should."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pandas import DataFrame, Series
from pandas.api import types

from groundwork.core.text import quoted
from groundwork.data.formats.cells import is_text
from groundwork.data.readers.roles import Roles

# Whom or what several rows may be of. Words that end in "id" are asked for below, apart from what is always unique.
OWNER = re.compile(
    r"(patient|subject|person|participant|user|customer|client|household|family|animal|donor|specimen|slide|"
    r"session|scene|video|site|station|device|machine|vehicle|farm|clinic|hospital)"
    r"[ _-]?(id|no|nr|num|number|code|key|name)?|.*[ _-](id|uuid|key)|id",
    re.IGNORECASE,
)
BIRTH = re.compile(r"birth|dob|born", re.IGNORECASE)
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
WRITTEN_DATE = re.compile(
    rf"(?:[0-9]{{1,4}}([-/.])[0-9]{{1,2}}\1[0-9]{{1,4}}|[0-9]{{1,2}}[-. ]{{1,2}}{MONTH}[-, ]{{1,2}}[0-9]{{2,4}}|"
    rf"{MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}|{MONTH}[- ](?:[0-9]{{2}}|[0-9]{{4}})|"
    r"(?:19|20)[0-9]{2}[-/](?:0[1-9]|1[0-2]))(?:[ T].*)?",
    re.IGNORECASE,
)
WRITTEN_TIME = re.compile(
    r"-?[0-9]{1,3}:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?", re.IGNORECASE
)
MOSTLY = 0.5  # share of dates from which on a column of text is told of
FEWEST_VALUES, FEWEST_ROWS_EACH = 10, 2.0  # of a group: fewer values are a category, fewer rows no group
MANY_VALUES, LEAST_SHARE = 20, 0.05  # of a text whose name says nothing: a category has fewer
LOOKED_AT = 200  # cells that must all be dates


def hints(frame: DataFrame, roles: Roles, names: Sequence[str]) -> dict[str, Any]:
    """Give what `Samples` keeps of the columns that a split might use, unless it uses one of that kind already."""
    return {
        "group_like": group_like(frame, names) if roles.group is None else None,
        "dates": date_columns(frame, names) if roles.order_column is None else {},
    }


def group_like(frame: DataFrame, names: Iterable[str]) -> DataFrame:
    """Keep the columns whose equal values may be rows of one patient, user or place: many values, each repeated."""
    return frame[[name for name in names if _is_group_like(name, frame[name])]].reset_index(drop=True)


def date_columns(frame: DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Name the columns of dates; one that is not written as ISO 8601 with its first cell, others with nothing."""
    found = {}
    for name in names:
        column = frame[name]
        if BIRTH.search(name) or not (types.is_datetime64_any_dtype(column) or is_text(column)):
            continue
        present = column.dropna()
        if types.is_datetime64_any_dtype(present):
            written = ""
        elif len(present) and _all_dates(present.iloc[:LOOKED_AT]):
            written = str(present.iloc[0])
        else:
            continue
        if present.nunique() >= FEWEST_VALUES:
            found[name] = written
    return found


def date_notes(frame: DataFrame, names: Iterable[str]) -> tuple[str, ...]:
    """Say which inputs of text hold dates or times that are not read as such, and are categories for that reason."""
    notes = (_date_note(name, frame[name].dropna()) for name in names if is_text(frame[name]))
    return tuple(note for note in notes if note)


def _date_note(name: str, present: Series) -> str:
    texts = present.str.strip().value_counts(sort=False)
    some = Series(texts.index[:LOOKED_AT], dtype="str")
    if some.empty:
        return ""
    if all(WRITTEN_TIME.fullmatch(text) for text in some):
        return (
            f"input {name!r} holds times such as {present.iloc[0]!r}, which are read as categories. Write them as "
            "numbers, such as hours, to use them as times"
        )
    if not any(WRITTEN_DATE.fullmatch(text) for text in some):
        return ""
    others = texts[[not WRITTEN_DATE.fullmatch(text) for text in texts.index]]
    if others.empty:
        return (
            f"input {name!r} holds dates such as {present.iloc[0]!r}, which are read as categories. Write them as "
            "2024-02-29 to use them as days"
        )
    dates = len(present) - int(others.sum())
    if dates < MOSTLY * len(present):
        return ""
    named = quoted(others.sort_values(ascending=False).index)
    return (
        f"input {name!r} is read as categories, though {dates:,} of {len(present):,} cells hold dates, the others "
        f"{named}. Name those words in data.missing_values, and write dates as 2024-02-29"
    )


def _all_dates(texts: Series) -> bool:
    return all(WRITTEN_DATE.fullmatch(str(text).strip()) for text in texts)


def _is_group_like(name: str, column: Series) -> bool:
    named, text = OWNER.fullmatch(name) is not None, is_text(column)
    if not text and not (named and types.is_numeric_dtype(column) and not types.is_bool_dtype(column)):
        return False
    present = column.dropna()
    distinct = int(present.nunique())
    if distinct < FEWEST_VALUES or len(present) < FEWEST_ROWS_EACH * distinct:
        return False
    if named:
        return text or bool((present % 1 == 0).all())
    return distinct >= max(MANY_VALUES, LEAST_SHARE * len(present)) and not _all_dates(
        present.iloc[:LOOKED_AT]
    )
