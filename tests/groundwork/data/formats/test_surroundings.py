"""What instruments, spreadsheets and scripts leave around a table: read rightly, or said in one line."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.delimited import read_delimited
from groundwork.data.formats.workbook import read_xlsx

ROWS = [f"{number}.5,{number},red" for number in range(5)]
EXPECTED = pd.DataFrame({"a": [0.5, 1.5, 2.5, 3.5, 4.5], "b": range(5), "c": ["red"] * 5})


def read(tmp_path: Path, *lines: str, name: str = "t.csv", encoding: str = "utf-8") -> pd.DataFrame:
    (tmp_path / name).write_text("\n".join(lines) + "\n", encoding=encoding)
    return read_delimited(tmp_path / name)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["a,b,c", *ROWS[:2], "a,b,c", *ROWS[2:]], "1 rows that repeat the names of columns are left out"),
        (["a,b,c", *ROWS[:2], "a,b,c", *ROWS[2:], "a,b,c"], "2 rows that repeat the names"),
        (["a,b,c", *(f"{row}," for row in ROWS)], ""),
        (["a;b;c", *(f"{row};".replace(",", ";") for row in ROWS)], ""),
        (["a\tb\tc", *(f"{row}\t".replace(",", "\t") for row in ROWS)], ""),
        ([" a ,b , c", *ROWS], ""),
        (["a,b,\xa0c", *ROWS], ""),
        (["a,b,c", "", *ROWS, ""], ""),
    ],
)
def test_what_stands_around_the_cells_is_no_part_of_them(tmp_path: Path, lines: list[str], note: str):
    found = read(tmp_path, *lines)
    pd.testing.assert_frame_equal(found, EXPECTED, check_dtype=False)
    assert " ".join(found.attrs["notes"]).startswith(note)
    assert len(found.attrs["notes"]) == bool(note)


def test_a_trailing_delimiter_in_utf_16_and_a_quoted_one_are_told_apart(tmp_path: Path):
    found = read(
        tmp_path, "a\tb\tc", *(f"{row}\t".replace(",", "\t") for row in ROWS), name="t.tsv", encoding="utf-16"
    )
    pd.testing.assert_frame_equal(found, EXPECTED, check_dtype=False)
    found = read(tmp_path, "a,b", *(f'{number},"x,"' for number in range(3)))
    assert found["b"].tolist() == ["x,"] * 3


@pytest.mark.parametrize(
    "above",
    [
        ["Instrument: X100", "Date: 2024-01-01"],
        ["# exported by a script", "# second line", ""],
        ["Report"],
        ["Results; 2024"],
        ["sensor,7"],
    ],
)
def test_lines_above_the_names_are_an_error_that_shows_where_these_stand(tmp_path: Path, above: list[str]):
    names, rows = "a,b,c,d", [f"{row},1" for row in ROWS]
    with pytest.raises(
        UserError, match=r"rows have 4 cells, from the line 'a,b,c,d' on\. Remove the \d lines above"
    ):
        read(tmp_path, *above, names, *rows)


def test_a_name_too_few_is_said_as_r_writes_it(tmp_path: Path):
    with pytest.raises(
        UserError, match=r"rows have 4 cells and its first line 3 names\. Name the first column, too"
    ):
        read(tmp_path, "a,b,c", *(f"r{number},{row}" for number, row in enumerate(ROWS)))


@pytest.mark.parametrize("names", ["a;b;c", "y"])
def test_decimal_commas_are_no_further_cells(tmp_path: Path, names: str):
    rows = [";".join([f"{number},5"] * len(names.split(";"))) for number in range(6)]
    if names == "y":
        with pytest.raises(UserError, match="every row must have 1 cells"):
            read(tmp_path, names, *rows)
    else:
        assert read(tmp_path, names, *rows)["c"].tolist() == [number + 0.5 for number in range(6)]


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_title_above_the_names_of_a_sheet_is_an_error(tmp_path: Path):
    path = workbook(tmp_path / "t.xlsx", ["Results 2024"], ["a", "b", "c"], *[[1, 2, 3]] * 4)
    with pytest.raises(
        UserError, match=r"names of its 3 columns, but the first row holds 'Results 2024' alone"
    ):
        read_xlsx(path)


def test_no_column_of_a_sheet_vanishes_because_its_name_is_missing(tmp_path: Path):
    path = workbook(tmp_path / "t.xlsx", ["a", "b"], *[[1, 2, 3]] * 4)
    with pytest.raises(UserError, match="column 3 has none"):
        read_xlsx(path)
