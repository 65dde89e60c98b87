"""csv and tsv files <-> tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pandas import DataFrame, Series
from pyarrow import csv as arrow_csv

from groundwork.core.errors import UserError
from groundwork.data.formats.cells import cell_texts
from groundwork.data.formats.infer import infer_column
from groundwork.data.formats.tidy import check_names, starts_with_row_numbers

DELIMITERS = (",", ";", "\t", "|")
BLOCK = 1 << 30  # bytes parsed at once; no row is longer


def read_delimited(path: Path) -> DataFrame:
    """Read separated values in UTF-8, split where their first row gives the most columns."""
    header, delimiter = _header(path)
    if not header:
        raise UserError(f"{path} must start with a row of column names, but is empty. Choose another file.")
    cells = _parse(path, len(header), delimiter)
    texts = [Series(column.slice(1).to_pandas(), dtype="str") for column in cells.columns]
    columns = [infer_column(column, decimal_comma=delimiter == ";") for column in texts]
    if starts_with_row_numbers(header, columns[0].tolist()):
        header, columns = header[1:], columns[1:]
    check_names(header, str(path))
    return DataFrame(dict(zip(header, columns, strict=True)))


def write_delimited(frame: DataFrame, path: Path, delimiter: str) -> None:
    """Write separated values in UTF-8; a missing cell is empty."""
    special = re.compile(f'["\r\n{delimiter}]')

    def line(cells: Sequence[str | None], *, quote: bool = False) -> str:
        quoted = [
            f'"{cell.replace(chr(34), chr(34) * 2)}"' if quote or special.search(cell) else cell
            for cell in (cell or "" for cell in cells)
        ]
        return (delimiter.join(quoted) or '""') + "\n"  # readers skip a line without any character

    names = [str(name) for name in frame.columns]
    odd = any(
        mark in name for name in names for mark in DELIMITERS
    )  # a reader might guess the delimiter wrong
    texts = [cell_texts(column) for _, column in frame.items()]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(line(names, quote=odd))
        file.writelines(line(cells) for cells in zip(*texts, strict=True))


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and the delimiter that stands most often between quotes."""
    first = ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in file:
                first += line
                if first.strip("\r\n") and first.count('"') % 2 == 0:
                    break
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    bare = re.sub('"[^"]*"', "", first)
    candidates = ("\t",) if path.suffix.lower() == ".tsv" else DELIMITERS
    delimiter = max(candidates, key=bare.count)
    try:
        rows = csv.reader(io.StringIO(first, newline=""), delimiter=delimiter)
        return next((row for row in rows if row), []), delimiter
    except csv.Error as error:
        raise UserError(
            f"{path} must start with names of columns, but its first row fails: {error}."
        ) from None


def _parse(path: Path, num_columns: int, delimiter: str) -> pa.Table:
    """Read every cell as text, the row of names included."""
    names = [str(i) for i in range(num_columns)]
    try:
        return arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=BLOCK, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise _not_utf8(path) from None
        reason = " ".join(str(error).removeprefix("CSV parse error: ").split())[:120]
        raise UserError(
            f"{path}: every row must have {num_columns} cells, but {reason}. Mend that row."
        ) from None


def _not_utf8(path: Path) -> UserError:
    data = path.read_bytes()
    try:
        data.decode("utf-8")
        where = ""
    except UnicodeDecodeError as error:
        where = f" (byte 0x{data[error.start]:02x} in line {data[: error.start].count(10) + 1})"
    return UserError(
        f"{path} must be UTF-8, but is not{where}. Save it as UTF-8, in a spreadsheet as 'CSV UTF-8'."
    )
