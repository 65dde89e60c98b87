"""The first sheet of xlsx workbooks <-> tables."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from groundwork.core.errors import UserError, one_line
from groundwork.core.text import quoted
from groundwork.data.formats.bounds import check_unpacked
from groundwork.data.formats.cells import cell_texts, value_type
from groundwork.data.formats.infer import read_dates
from groundwork.data.formats.nameless import check_title, name_nameless
from groundwork.data.formats.tidy import check_names, tidy

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767  # of a sheet; characters of a cell
FIRST_DAY = pd.Timestamp(1900, 3, 1)  # before it spreadsheets disagree on the calendar
ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def read_xlsx(path: Path) -> DataFrame:
    """Read the first sheet: names of columns in its first row that is not empty, stored values of formulas."""
    rows, others = _rows(path, data_only=True)
    _check_formulas(path, rows)
    rows = list(dropwhile(lambda row: all(cell is None for cell in row), rows))
    names = list(rows[0]) if rows else []
    while len(rows) > 1 and all(cell is None for cell in rows[-1]):
        rows.pop()
    # A row ends with its last cell: that of the names may be shorter than those below.
    names += [None] * (max((len(row) for row in rows), default=0) - len(names))
    while names and names[-1] is None and all(row[len(names) - 1 :][:1] in ((), (None,)) for row in rows):
        names.pop()
    if not names:
        raise UserError(
            f"{path} must start with a row of column names, but its first sheet has none. Fill it in."
        )
    header = ["" if name is None else _unescaped(str(name)) for name in names]
    check_title(header, str(path))
    cells = [Series(column, dtype=object) for column in _columns(rows[1:], len(names))]
    header, cells, notes = name_nameless(header, cells)
    check_names(header, str(path))
    frame = read_dates(tidy(DataFrame(dict(zip(header, cells, strict=True))), str(path)))
    if others:
        notes.append(f"of the sheets of {path} the first is read, and not {quoted(others)}")
    frame.attrs = {"notes": notes}
    return frame


def write_xlsx(frame: DataFrame, path: Path) -> None:
    """Write one sheet; numbers with all their digits, dates as such where spreadsheets can hold them."""
    if len(frame) >= MAX_ROWS or frame.shape[1] > MAX_COLUMNS:
        raise UserError(
            f"xlsx must have at most {MAX_ROWS - 1:,} rows and {MAX_COLUMNS:,} columns. Write parquet."
        )
    import openpyxl  # where it is needed: most runs read no workbook, and it takes a while
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("data")

    def cell(value: Any, kind: str) -> WriteOnlyCell:
        made = WriteOnlyCell(sheet, value)
        made.data_type = kind  # openpyxl would take =1+1 for a formula and cut numbers to 16 digits
        return made

    columns = [_cells(column) for _, column in frame.items()]
    sheet.append([cell(_escaped(str(name), "its name"), "s") for name in frame.columns])
    for row in zip(*columns, strict=True):
        sheet.append(
            [None if value is None else value if kind == "d" else cell(value, kind) for value, kind in row]
        )
    book.save(path)


def _rows(path: Path, *, data_only: bool) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Give the rows of the first sheet, and the names of all others."""
    import openpyxl  # as above

    try:
        with zipfile.ZipFile(path) as archive:
            check_unpacked(archive, str(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that hold no cells
            book = openpyxl.load_workbook(path, read_only=True, data_only=data_only)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # some writers leave them out or wrong
                return list(sheet.iter_rows(values_only=True)), book.sheetnames[1:]
            finally:
                book.close()
    except UserError:
        raise
    except Exception as error:  # a broken file fails in its zip, in its XML or in openpyxl
        reason = one_line(error) or type(error).__name__
        raise UserError(f"{path} must be a complete xlsx workbook, but {reason}. Save it anew.") from error


def _columns(rows: list[tuple[Any, ...]], num_columns: int) -> Iterator[list[Any]]:
    for i in range(num_columns):
        cells = [row[i] if i < len(row) else None for row in rows]
        yield [_unescaped(cell) if isinstance(cell, str) else cell for cell in cells]


def _check_formulas(path: Path, rows: list[tuple[Any, ...]]) -> None:
    """Refuse formulas whose value no spreadsheet has stored: they would read as missing."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(re.search(rb"<f[ >/]", archive.read(name)) for name in sheets):
            return
    for number, (values, formulas) in enumerate(zip(rows, _rows(path, data_only=False)[0], strict=False), 1):
        for value, formula in zip(values, formulas, strict=False):
            if value is None and formula is not None:
                raise UserError(
                    f"{path}: row {number} holds {formula!r} without a value. Open it in a spreadsheet and "
                    "save."
                )


def _cells(column: Series) -> list[tuple[Any, str]]:
    """Return value and openpyxl's type of each cell."""
    texts, kind = cell_texts(column), value_type(column)
    if kind == "boolean":
        return [(None if text is None else text == "True", "b") for text in texts]
    if kind in ("whole", "decimal"):
        return [(text, "s" if text in ("inf", "-inf") else "n") for text in texts]
    if kind == "date" and _fits(column):
        return [
            (None if text is None else moment.to_pydatetime(), "d")
            for text, moment in zip(texts, column, strict=True)
        ]
    return [(None if text is None else _escaped(text, repr(column.name)), "s") for text in texts]


def _fits(column: Series) -> bool:
    """Tell whether a sheet holds these moments: no time zone, thousandths of a second, from March 1900 on."""
    if isinstance(column.dtype, pd.CategoricalDtype | pd.DatetimeTZDtype):
        return False
    present = column.dropna()
    return bool(
        (present >= FIRST_DAY).all()
        and (present == present.dt.floor("ms")).all()
        and (present.dt.year < 10_000).all()
    )


def _escaped(text: str, where: str) -> str:
    """Write what XML can't hold as _x000D_, the way spreadsheets do."""
    if len(text) > MAX_TEXT:
        raise UserError(
            f"xlsx must have at most {MAX_TEXT:,} characters in a cell, but column {where} has more. Write "
            "parquet."
        )
    return ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _unescaped(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
