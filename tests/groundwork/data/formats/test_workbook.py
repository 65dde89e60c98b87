import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.workbook import read_xlsx, write_xlsx


def book(folder: Path, rows: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def test_a_sheet_of_a_spreadsheet_program_is_read(tmp_path: Path):
    path = book(
        tmp_path, [["a", "b", "c", None], [1, "x", dt.datetime(2024, 2, 29)], ["NA", None, None], [None]]
    )
    frame = read_xlsx(path)
    assert frame.columns.tolist() == ["a", "b", "c"]
    assert len(frame) == 2
    assert frame["a"].dtype == "Int64"
    assert frame["c"][0] == pd.Timestamp(2024, 2, 29)


def test_numbers_keep_all_digits_and_dates_are_dates_to_others(tmp_path: Path):
    frame = pd.DataFrame(
        {"a": [0.1 + 0.2, 1e300], "b": [2**60 + 1, -1], "c": pd.to_datetime(["2024-02-29", None])}
    )
    write_xlsx(frame, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert [cell.value for cell in sheet[2]] == [0.1 + 0.2, 2**60 + 1, dt.datetime(2024, 2, 29)]
    back = read_xlsx(tmp_path / "t.xlsx")
    assert back["a"].tolist() == [0.1 + 0.2, 1e300]
    assert back["b"].tolist() == [2**60 + 1, -1]


@pytest.mark.parametrize(
    "text", ["=1+1", "#N/A?", "\x00\x1f", "a\r\nb", "_x0041_", "_x005F_", " x ", "\ufffe", "😀"]
)
def test_text_comes_back_as_text(tmp_path: Path, text: str):
    write_xlsx(pd.DataFrame({"a": [text, "y"]}), tmp_path / "t.xlsx")
    assert read_xlsx(tmp_path / "t.xlsx")["a"].tolist() == [text, "y"]


def test_moments_that_spreadsheets_cannot_hold_come_back_through_text(tmp_path: Path):
    moments = pd.to_datetime(["1712-01-01", "2024-02-29T00:00:00.123456"], format="ISO8601").as_unit("us")
    frame = pd.DataFrame({"a": moments, "b": moments.tz_localize("UTC")})
    write_xlsx(frame, tmp_path / "t.xlsx")
    pd.testing.assert_frame_equal(read_xlsx(tmp_path / "t.xlsx"), frame)


def test_a_formula_without_a_value_is_told_with_its_row(tmp_path: Path):
    path = book(tmp_path, [["a"], [1], ["=A2+1"]])
    with pytest.raises(UserError, match=r"row 3 holds '=A2\+1'"):
        read_xlsx(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has none"),
        ([["a", None, "c"], [1, 2, 3]], "column 2 has none"),
        ([["a", "a"], [1, 2]], "comes twice"),
    ],
)
def test_wrong_sheets_are_refused(tmp_path: Path, rows, message):
    with pytest.raises(UserError, match=message):
        read_xlsx(book(tmp_path, rows))


def test_a_broken_file_is_refused_in_one_line(tmp_path: Path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match="complete xlsx") as caught:
        read_xlsx(tmp_path / "t.xlsx")
    assert "\n" not in str(caught.value)


def test_limits_of_a_sheet_are_told(tmp_path: Path):
    with pytest.raises(UserError, match="32,767 characters"):
        write_xlsx(pd.DataFrame({"a": ["x" * 40_000]}), tmp_path / "t.xlsx")
    with pytest.raises(UserError, match="16,384 columns"):
        write_xlsx(pd.DataFrame([range(16_385)]), tmp_path / "t.xlsx")


def test_unnamed_row_numbers_are_no_column(tmp_path: Path):
    frame = read_xlsx(book(tmp_path, [[None, "a"], [0, "x"], [1, "y"]]))
    assert frame.to_dict("list") == {"a": ["x", "y"]}


def test_empty_rows_above_the_names_are_left_out_and_other_sheets_are_named(tmp_path: Path):
    workbook = openpyxl.Workbook()
    for row in ([], [None, None], ["a", "b"], [1, "x"]):
        workbook.active.append(row)
    workbook.create_sheet("2023").append(["a", "b"])
    workbook.save(tmp_path / "t.xlsx")
    frame = read_xlsx(tmp_path / "t.xlsx")
    assert frame.to_dict("list") == {"a": [1], "b": ["x"]}
    assert [note.endswith("the first is read, and not '2023'") for note in frame.attrs["notes"]] == [True]
