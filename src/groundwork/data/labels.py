"""Names of classes -> one name for what reads the same, and a word on those that differ in case alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pandas import Series

from groundwork.core.text import shortlist
from groundwork.data.formats.cells import label_texts

MOST_NAMED = 5
UNSEEN = "\u200b\u2060\ufeff"  # marks without width, but for those that join the parts of an emoji or a word
HARD_SPACE = "[\u00a0\u2007\u202f]"  # looks like any other
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?")
OUTER = re.compile(rf"^[\s{UNSEEN}]+|[\s{UNSEEN}]+$")


def composed(name: str) -> str:
    """Write an accent as one character, which macOS may hand out as two."""
    return unicodedata.normalize("NFC", name)


def one_name(name: str) -> str:
    """Give names that nobody can tell apart one form: nothing unseen around them, spaces alike, accents composed."""
    return re.sub(HARD_SPACE, " ", OUTER.sub("", composed(name)))


def twins(names: Iterable[str], fold: bool = False) -> list[list[str]]:
    """Group names that are one once they are brought to one form, and those alone.

    Args:
        fold: Case does not count, either.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        key = one_name(name)
        groups.setdefault(key.casefold() if fold else key, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def label_notes(column: Series, classes: Sequence[str]) -> tuple[str, ...]:
    """Say which labels were taken together, and which classes differ in case alone and stay apart."""
    labels = {label for label in label_texts(column) if label is not None}
    notes = []
    if merged := twins(labels):
        notes.append(
            f"labels of {column.name!r} that differ only in spaces, in marks without width or in the form of an "
            f"accent are one class: {_pairs(merged)}"
        )
    what = f"classes of {column.name!r}"
    return (*notes, *case_notes(what, classes), *number_notes(what, classes))


def case_notes(what: str, names: Iterable[str]) -> tuple[str, ...]:
    """Say which names differ in case alone and stay apart."""
    if not (apart := twins(names, fold=True)):
        return ()
    return (
        f"{what} that differ only in upper and lower case stay apart: {_pairs(apart)}. If each pair is one, give it "
        "one spelling",
    )


def number_notes(what: str, names: Iterable[str]) -> tuple[str, ...]:
    """Say which names are one number in two spellings, such as 07 and 7, and stay apart."""
    if not (apart := _equal_numbers(names)):
        return ()
    return (
        f"{what} that are one number stay apart: {_pairs(apart)}. If each pair is one, give it one spelling",
    )


def _equal_numbers(names: Iterable[str]) -> list[list[str]]:
    groups: dict[Decimal, list[str]] = {}
    for name in sorted(set(names)):
        if NUMBER.fullmatch(name):
            groups.setdefault(Decimal(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def group_notes(column: Series) -> tuple[str, ...]:
    """Say which groups were taken together, and which differ in case alone and may share a person all the same."""
    names = {name for name in label_texts(column) if name is not None}
    notes = []
    if merged := twins(names):
        notes.append(f"groups of {column.name!r} that read the same are one group: {_pairs(merged)}")
    if apart := twins({one_name(name) for name in names}, fold=True):
        notes.append(
            f"warning: groups of {column.name!r} that differ only in upper and lower case may lie in different parts: "
            f"{_pairs(apart)}. If each pair is one group, give it one spelling"
        )
    if apart := _equal_numbers(one_name(name) for name in names):
        notes.append(
            f"warning: groups of {column.name!r} that are one number may lie in different parts: {_pairs(apart)}. If "
            "each pair is one group, give it one spelling"
        )
    return tuple(notes)


def category_notes(name: str, column: Series) -> tuple[str, ...]:
    """Say which categories of an input read the same or differ in case alone: a model takes them for different ones."""
    found = column.dropna().unique()
    alike = twins(found)
    said = (f"categories of {name!r} that read the same stay apart: {_pairs(alike)}",) if alike else ()
    return (*said, *case_notes(f"categories of {name!r}", {one_name(each) for each in found}))


def _pairs(groups: Sequence[Sequence[str]]) -> str:
    # ascii() shows a form of an accent that looks like the other one
    written = ([repr(name) if composed(name) == name else ascii(name) for name in group] for group in groups)
    return shortlist((" and ".join(group) for group in written), MOST_NAMED, between="; ")
