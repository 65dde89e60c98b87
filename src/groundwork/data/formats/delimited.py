"""csv and tsv files <-> tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pandas import DataFrame, Series
from pandas.api import types
from pyarrow import csv as arrow_csv

from groundwork.core.errors import UserError
from groundwork.data.formats.cells import cell_texts
from groundwork.data.formats.encoding import not_utf8, utf8_bytes
from groundwork.data.formats.infer import infer_column
from groundwork.data.formats.layout import Layout, find_layout
from groundwork.data.formats.nameless import name_nameless
from groundwork.data.formats.tidy import check_names

DELIMITERS = (",", ";", "\t", "|")
BLOCK = 1 << 30  # bytes parsed at once; no row is longer
WITH_COMMA = r"-?(?:[0-9]+,[0-9]{1,2}|0,[0-9]+|[0-9]+,[0-9]{4,})"  # decimals, not thousands
IN_THREES = r"-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+"


def read_delimited(path: Path, decimal: str = "auto") -> DataFrame:
    """Read separated values, split where their first row gives the most columns.

    Args:
        path: Of the file.
        decimal: Sign before decimals; "auto" knows the point, and the comma beside semicolons.
    """
    recoded = utf8_bytes(path)
    layout = find_layout(path, recoded, ("\t",) if path.suffix.lower() == ".tsv" else DELIMITERS)
    if not layout.names:
        raise UserError(f"{path} must start with a row of column names, but is empty. Choose another file.")
    texts = (_parse_spaced if layout.spaced or layout.trailing else _parse)(path, recoded, layout)
    texts, notes = _without_names(layout.names, texts)
    commas = decimal == "," or (decimal == "auto" and layout.delimiter == ";")
    columns = [infer_column(text, decimal_comma=commas, decimal_point=decimal != ",") for text in texts]
    sign = _sign(texts, columns) if decimal == "auto" else decimal
    names, columns, said = name_nameless(layout.names, columns)
    check_names(names, str(path))
    frame = DataFrame(dict(zip(names, columns, strict=True)))
    frame.attrs = {"decimal": sign, "notes": [*notes, *said]}
    return frame


def _without_names(names: Sequence[str], texts: list[Series]) -> tuple[list[Series], list[str]]:
    """Leave out rows that repeat the names of columns, as files that were put one below another have them."""
    again = texts[0] == names[0]
    if len(names) < 2 or not again.any():
        return texts, []
    for name, text in zip(names[1:], texts[1:], strict=True):
        again &= text == name
    if not again.any():
        return texts, []
    left = [text[~again].reset_index(drop=True) for text in texts]
    return left, [f"{int(again.sum()):,} rows that repeat the names of columns are left out"]


def write_delimited(frame: DataFrame, path: Path, delimiter: str) -> None:
    """Write separated values in UTF-8; a missing cell is empty."""
    special = re.compile(f'["\r\n{delimiter}]|^\\s|\\s$')  # outer blanks might be taken for mere layout

    def line(cells: Sequence[str | None], *, quote: bool = False) -> str:
        quoted = [
            f'"{cell.replace(chr(34), chr(34) * 2)}"' if quote or special.search(cell) else cell
            for cell in (cell or "" for cell in cells)
        ]
        return (delimiter.join(quoted) or '""') + "\n"  # readers skip a line without any character

    names = [str(name) for name in frame.columns]
    # A reader might guess the delimiter wrong.
    odd = any(mark in name for name in names for mark in DELIMITERS)
    texts = [cell_texts(column) for _, column in frame.items()]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(line(names, quote=odd))
        file.writelines(line(cells) for cells in zip(*texts, strict=True))


def _parse(path: Path, recoded: bytes | None, layout: Layout) -> list[Series]:
    """Read every cell as text."""
    names = [str(i) for i in range(len(layout.names))]
    try:
        cells = arrow_csv.read_csv(
            path if recoded is None else pa.BufferReader(recoded),
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=BLOCK, use_threads=False, skip_rows=layout.skip
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise not_utf8(path) from None
        reason = " ".join(str(error).removeprefix("CSV parse error: ").split())[:120]
        raise _uneven(path, layout, reason) from None
    return [Series(column.slice(1).to_pandas(), dtype="str") for column in cells.columns]


def _parse_spaced(path: Path, recoded: bytes | None, layout: Layout) -> list[Series]:
    """Read every cell as text, without the blank before it or the delimiter after the last, which arrow keeps."""
    try:
        text = (path.read_bytes() if recoded is None else recoded).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    try:
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=layout.spaced, strict=True)
        rows = [row for row in reader if row][layout.skip + 1 :]
        if layout.trailing:
            rows = [row[:-1] if row[-1] == "" else row for row in rows]
    except csv.Error as error:
        raise _uneven(path, layout, str(error)) from None
    for number, row in enumerate(rows, 1):
        if len(row) != len(layout.names):
            raise _uneven(path, layout, f"row {number} has {len(row)}")
    return [Series([row[i] for row in rows], dtype="str") for i in range(len(layout.names))]


def _uneven(path: Path, layout: Layout, reason: str) -> UserError:
    return UserError(f"{path}: every row must have {len(layout.names)} cells, but {reason}. Mend that row.")


def _sign(texts: list[Series], columns: list[Series]) -> str | None:
    """Tell which decimal sign the numbers of a file have; None where there are none, or both.

    Where it is a comma, 1.234 is no decimal number: such columns are text again, changed in place.
    """
    threes = []
    for i, (text, column) in enumerate(zip(texts, columns, strict=True)):
        if types.is_float_dtype(column) and text.str.contains(".", regex=False).any():
            if not _all_match(text, f"{IN_THREES}|-?[0-9]{{1,3}}"):
                return "."
            threes.append(i)
    if not any(_all_match(text, f"{WITH_COMMA}|-?[0-9]+(?:,[0-9]+)?", WITH_COMMA) for text in texts):
        return "." if threes else None
    for i in threes:
        columns[i] = texts[i].where(texts[i] != "")
    return ","


def _all_match(cells: Series, pattern: str, needed: str | None = None) -> bool:
    """Tell whether all cells that are there match a pattern, and one of them another."""
    if not cells.iloc[:100].str.fullmatch(f"{pattern}|").all():
        return False
    return bool(cells.str.fullmatch(f"{pattern}|").all()) and (
        needed is None or bool(cells.str.fullmatch(needed).any())
    )
