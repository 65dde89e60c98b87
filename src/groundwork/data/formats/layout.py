"""The first lines of a csv file -> names of columns, delimiter, and what is around them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.data.formats.encoding import not_utf8

SEP = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)  # what Excel writes and reads first
LINES = 20  # of the file that are looked at


@dataclass(frozen=True)
class Layout:
    """Say how a file is laid out.

    Attributes:
        names: Of the columns; none in an empty file.
        delimiter: Between cells.
        skip: Lines before the names.
        spaced: Whether a blank follows each delimiter, which is no part of a cell then.
        trailing: Whether each row but that of the names ends with a delimiter.
    """

    names: list[str]
    delimiter: str
    skip: int
    spaced: bool
    trailing: bool = False


def find_layout(path: Path, recoded: bytes | None, delimiters: Sequence[str]) -> Layout:
    """Look at the first lines: the delimiter is what stands most often between the quotes of the names.

    Args:
        path: Of the file.
        recoded: Its content in UTF-8 where the file itself is not.
        delimiters: Those to choose from.
    """
    try:
        with io.BytesIO(recoded) if recoded is not None else path.open("rb") as binary:
            text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
            lines = list(islice(_records(text), LINES))
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    sep = SEP.fullmatch(lines[0]) if lines else None
    lines = lines[1:] if sep else lines
    if not lines:
        return Layout([], ",", 0, False)
    bare = [re.sub('"[^"]*"', '""', line) for line in lines]
    delimiter = sep[1] if sep else max(delimiters, key=bare[0].count)
    named = _is_spaced(bare[:1], delimiter)
    try:
        rows = csv.reader(io.StringIO(lines[0], newline=""), delimiter=delimiter, skipinitialspace=named)
        names = next((row for row in rows if row), [])
    except csv.Error as error:
        raise UserError(
            f"{path} must start with names of columns, but its first row fails: {error}."
        ) from None
    _check_preamble(path, bare, delimiter)
    below = [line.rstrip("\r\n") for line in bare[1:]]
    longer = len(names) > 1 and len(below) > 1 and all(line.count(delimiter) == len(names) for line in below)
    trailing = longer and all(line.endswith(delimiter) for line in below)
    if longer and not trailing:
        raise UserError(
            f"{path} must have a name for each column, but its rows have {len(names) + 1} cells and its first line "
            f"{len(names)} names. Name the first column, too: R leaves that out."
        )
    if '"' not in lines[0]:
        names = without_blanks(names)  # those within quotes are meant
    return Layout(names, delimiter, int(sep is not None), _is_spaced(bare[1:], delimiter), trailing)


def without_blanks(names: list[str]) -> list[str]:
    """Take the blanks around names of columns away, unless two would be one then."""
    stripped = [name.strip() or name for name in names]
    return names if len(set(stripped)) < len(set(names)) else stripped


def _check_preamble(path: Path, bare: Sequence[str], delimiter: str) -> None:
    """Refuse lines above the names of columns: they have fewer cells than all below, whatever parts those."""
    if bare[0].count(delimiter) == bare[-1].count(delimiter) > 0:
        return
    for mark in dict.fromkeys((delimiter, ",", ";", "\t")):
        cells = [line.count(mark) + 1 for line in bare]
        first = next((row for row, count in enumerate(cells) if count == cells[-1]), 0)
        constant = len(bare) > first + 2 and set(cells[first:]) == {cells[-1]}
        if first and constant and max(cells[:first]) + 1 < cells[-1]:
            raise UserError(
                f"{path} must start with names of columns, but its rows have {cells[-1]} cells, from the line "
                f"{bare[first].strip()[:60]!r} on. Remove the {first} lines above it."
            )


def _records(text: Iterable[str]) -> Iterator[str]:
    """Give the lines with something in them, those joined that a quoted cell spreads over."""
    record, inside = "", False
    for line in text:
        record += line
        if line.count('"') % 2:
            inside = not inside
        if record.strip("\r\n") and not inside:
            yield record
            record = ""
    if record.strip("\r\n"):
        yield record


def _is_spaced(lines: Sequence[str], delimiter: str) -> bool:
    """Tell whether a blank follows every delimiter that a cell follows."""
    text = "".join(lines)
    blanks = text.count(f"{delimiter} ")
    cells = len(re.findall(re.escape(delimiter) + rf"[^\r\n{re.escape(delimiter)}]", text))
    return blanks == cells > 0
