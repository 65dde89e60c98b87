"""Numbers written as text, such as "$1,234", "1,5", "65.3%" or "(12)" -> numbers, by one rule for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.data.formats.cells import cell_texts, is_text
from groundwork.data.formats.draft import Draft, found_numbers, may_hold_numbers
from groundwork.data.formats.infer import MISSING_WORDS, infer_column
from groundwork.data.formats.style import Style

FEW = 20  # different cells such as "2 doors" up to which they are names
MOSTLY = 0.5  # share of numbers above which a column of text is told of
MOST_UNITS = 4  # that stand beside the numbers of one column: more are parts of codes, such as "LH 400"


@dataclass(frozen=True)
class Reading:
    """Hold a table whose numbers are numbers.

    Attributes:
        frame: With columns of numbers in place of text where all cells are numbers.
        notes: One line for each such column.
        decimal: Column -> decimal sign that it was read by, where that makes a difference.
        units: Column -> what stood beside its numbers, such as "%".
    """

    frame: DataFrame
    notes: tuple[str, ...] = ()
    decimal: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def read_numbers(
    frame: DataFrame,
    names: Iterable[str],
    style: Style,
    categorical: Iterable[str] = (),
    known: Mapping[str, str] | None = None,
) -> Reading:
    """Read columns of text as numbers where every cell that is not missing is one.

    Which sign is the decimal one follows from the column, else from the other columns of the file.

    Args:
        frame: As `read_frame` gives it.
        names: Columns to read; all others stay as they are.
        style: What the user says of signs and missing values.
        categorical: Columns that stay text, but for words that stand for a missing value.
        known: Decimal sign of columns of an earlier table, to be read alike unless this table tells that it goes by the
            other one; what stays open is an English "." then.

    Raises:
        UserError: If a column can be read in two ways, and `known` is None.
    """
    frame = frame.copy(deep=False)
    names = [name for name in names if name in frame]
    for name in (*names, *(name for name in categorical if name in frame)):
        frame[name] = _without_words(frame[name], style.missing_values)
    few = FEW if known is None else 0
    drafts = {name: Draft.of(frame[name], style, few) for name in names if is_text(frame[name])}
    drafts = {name: draft for name, draft in drafts.items() if draft.whole}
    told = {sign for sign in (frame.attrs.get("decimal"), *(draft.only for draft in drafts.values())) if sign}
    before = known or {}
    turned = len(told) == 1 and set(before.values()) == {".", ","} - told  # this file goes by the other sign
    notes: list[str] = []
    decimals: dict[str, str] = {}
    units: dict[str, str] = {}
    for name, draft in drafts.items():
        sign = draft.only or (None if turned else before.get(name))
        if sign is None and draft.differs:
            sign = _open_sign(name, draft, told, known is not None)
        if is_text(numbers := draft.numbers(sign, frame[name])):
            continue  # its numbers have more digits than any number keeps
        frame[name] = numbers
        notes.append(draft.note(name, sign))
        if sign and before.get(name, sign) != sign:
            notes.append(
                f'column {name!r} went by "{before[name]}" as decimal sign in training, and goes by "{sign}" here'
            )
        decimals |= {} if sign is None else {name: sign}
        units |= {name: unit} if (unit := draft.unit(sign)) else {}
    return Reading(frame, tuple(notes), decimals, units)


def _open_sign(name: str, draft: Draft, told: set[str], is_known: bool) -> str:
    """Give the decimal sign of a column that goes by both: that of the file, else what its cells suggest."""
    sign = next(iter(told)) if len(told) == 1 else draft.grouped
    if sign is None and not is_known:
        raise draft.ambiguous(name)
    return sign or "."


def other_words(column: Series) -> tuple[str, str]:
    """Count what keeps a column of text that holds numbers for the most part from being one.

    Returns:
        What its cells hold, and what to do about it; two empty words for all other columns.
    """
    present = column.dropna()
    if not is_text(present) or not may_hold_numbers(present):
        return "", ""
    present = present.str.strip()
    present = present[~present.isin(["", *MISSING_WORDS])]
    counts = present.value_counts()
    best = max(
        (_of_one_unit(counts.index, sign) for sign in ".,"),
        key=lambda found: int(counts.reindex(found).sum()),
    )
    numbers, words = int(counts.reindex(best).sum()), counts.drop(best)
    # 01234 beside 56789 is a code, which is no number and needs no word
    if words.empty or words.index.str.fullmatch("0[0-9]+").any():
        return "", ""
    if numbers <= MOSTLY * len(present):
        return _in_units(counts)
    named = ", ".join(f"{word!r} ({count:,})" for word, count in words.iloc[:5].items())
    more = f" and {len(words) - 5:,} other words" if len(words) > 5 else ""
    return (
        f"{numbers:,} of {len(present):,} cells hold numbers, the others {named}{more}",
        "Name those words in data.missing_values",
    )


def _in_units(counts: Series) -> tuple[str, str]:
    """Tell of many different numbers in several units, none of which most of the cells have."""
    found = max((found_numbers(counts.index, Style(decimal=sign)) for sign in ".,"), key=len)
    shares: Counter[str] = Counter()
    for cell, number in found.items():
        shares[number.unit] += int(counts[cell])
    if len(found) <= FEW or shares.total() <= MOSTLY * counts.sum() or len(shares) > MOST_UNITS:
        return "", ""
    named = ", ".join(f"{unit or 'none'} ({count:,})" for unit, count in shares.most_common())
    return (
        f"{shares.total():,} of {int(counts.sum()):,} cells hold numbers in several units: {named}",
        "Bring them to one unit",
    )


def _of_one_unit(cells: Iterable[str], sign: str) -> list[str]:
    """Find the cells that are numbers in the unit that most of them have."""
    found = found_numbers(cells, Style(decimal=sign))
    units = Counter(number.unit for number in found.values())
    most = units.most_common(1)[0][0] if units else ""
    return [cell for cell, number in found.items() if number.unit == most]


def _without_words(column: Series, words: Sequence[str]) -> Series:
    """Take out the cells that the user says are missing, and those of text that hold nothing but blanks."""
    if is_text(column):
        kept = column.where(~column.str.strip().isin(["", *words]))
        return kept if kept.count() == column.count() else infer_column(kept.fillna(""), decimal_comma=False)
    if not words:
        return column
    if types.is_datetime64_any_dtype(column):
        return column.mask(Series(cell_texts(column), index=column.index).isin(words))
    if types.is_numeric_dtype(column) and not types.is_bool_dtype(column):
        numbers = pd.to_numeric(Series(list(words), dtype=object), errors="coerce").dropna()
        gone = column.isin(numbers.tolist())
        return column.mask(gone) if gone.any() else column
    return column
