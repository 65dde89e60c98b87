import json
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.data import Source, read_frame, write_frame
from groundwork.data.formats.style import Style
from groundwork.data.formats.written import other_words, read_numbers

PRICES = ["$1,234", "$999", "$12,345.50", "-$5", None]
VALUES = [1234.0, 999.0, 12345.5, -5.0, np.nan]


def read(*cells, style=Style(), known=None, **others):  # noqa: B008  # a frozen value
    frame = DataFrame({"x": pd.Series(cells, dtype="str"), **others})
    return read_numbers(frame, frame.columns, style, (), known)


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl", "parquet", "feather", "xlsx", "pkl", "db"])
def test_every_format_reads_written_numbers_alike(tmp_path: Path, name: str):
    source = Source.parse(str(tmp_path / f"t.{name}"), "x")
    write_frame(DataFrame({"x": pd.Series(PRICES, dtype="str"), "k": list("abcde")}), source)
    frame = read_frame(source, None, True)
    assert frame["x"].tolist()[:4] == PRICES[:4]  # as text, so that a conversion keeps it
    reading = read_numbers(frame, ["x", "k"], Style())
    np.testing.assert_array_equal(reading.frame["x"], VALUES)
    assert reading.notes == ("column 'x' holds numbers written as text (\"$1,234\"): read as numbers in $",)
    assert reading.frame["k"].tolist() == list("abcde")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,5", "-0,25"), [1.5, -0.25]),
        (("1.234,5", "7"), [1234.5, 7]),
        ((" 1", "2 "), [1, 2]),
        (("29.5", " ", "30"), [29.5, np.nan, 30]),
        (("65.3%", "0%", "7 %"), [65.3, 0, 7]),
        (("(12)", "3"), [-12, 3]),
        (("1'200 kg", "950.5 kg"), [1200, 950.5]),
        (("5-", "N/A", "3"), [-5, np.nan, 3]),
        (("9,007,199,254,740,993", "1,000,000"), [9007199254740993, 1000000]),
        (("+0.5", "-0.5"), [0.5, -0.5]),
        (("12", "3.5"), [12, 3.5]),
    ],
)
def test_all_cells_that_are_numbers_make_a_column_of_numbers(cells, values):
    column = read(*cells).frame["x"]
    assert [None if pd.isna(v) else v for v in column] == [None if np.isnan(v) else v for v in values]


@pytest.mark.parametrize(
    "cells",
    [("007", "12"), ("+49", "+1"), ("5 kg", "5.5 lb"), ("5%", "0.05"),
     ("1,5", "1.5"), ("1st", "2nd"), ("2 doors", "4 doors"),
     ("12:30", "13:00"), ("a", "1")],
)  # fmt: skip
def test_codes_and_mixed_units_stay_text(cells):
    reading = read(*cells)
    assert reading.frame["x"].tolist() == list(cells)
    assert reading.notes == ()


def test_the_file_tells_what_a_column_leaves_open():
    assert read("1,234", "5,678", y=pd.Series(["0,5", "1,25"], dtype="str")).frame["x"].tolist() == [
        1.234,
        5.678,
    ]
    assert read("1,234", "5,678", y=pd.Series(["$0.5", "$1"], dtype="str")).frame["x"].tolist() == [
        1234,
        5678,
    ]


def test_many_cells_tell_thousands_by_themselves():
    cells = [f"{n},{n:03d}" for n in range(101, 135)]
    assert read(*cells, "7").frame["x"].tolist() == [*(n * 1000 + n for n in range(101, 135)), 7]


def test_what_nothing_tells_is_asked_for():
    with pytest.raises(UserError, match=r"'1,234' can be 1234 or 1.234. Add data.decimal") as caught:
        read("1,234", "5,678")
    assert "\n" not in str(caught.value)
    assert read("1,234", "5,678", style=Style(",")).frame["x"].tolist() == [1.234, 5.678]
    assert read("1,234", "5,678", style=Style(thousands=",")).frame["x"].tolist() == [1234, 5678]


def test_a_later_table_is_read_as_the_first_one():
    assert read("1,234", known={"x": ","}).frame["x"].tolist() == [1.234]
    assert read("1,234", known={}).frame["x"].tolist() == [1234]
    assert read("2 kg", known={}).frame["x"].tolist() == [2]


def test_a_later_table_may_go_by_the_other_decimal_sign():
    reading = read("46,8 cm", "1,25 cm", known={"x": "."})
    assert reading.frame["x"].tolist() == [46.8, 1.25]
    assert reading.notes[1] == 'column \'x\' went by "." as decimal sign in training, and goes by "," here'
    # what the column leaves open follows from the others, if all were alike in training
    thousands = read("23.366", "1.000", y=pd.Series(["1,5", "2,5"], dtype="str"), known={"x": ".", "y": "."})
    assert thousands.frame["x"].tolist() == [23366, 1000]
    assert thousands.frame["y"].tolist() == [1.5, 2.5]
    mixed = read("23.366", "1.000", y=pd.Series(["1,5", "2,5"], dtype="str"), known={"x": ".", "y": ","})
    assert mixed.frame["x"].tolist() == [23.366, 1]
    assert len(mixed.notes) == 2


def test_words_for_missing_values_go_wherever_they_stand():
    frame = DataFrame(
        {"x": ["1.5", "?", "2"], "n": [1, -999, 3], "k": ["a", " ?", "b"], "c": ["?", "u", "v"]}
    )
    frame = frame.astype({"x": "str", "k": "str", "c": "str"})
    found = read_numbers(frame, ["x", "n", "k"], Style(missing_values=("?", "-999")), ["c"]).frame
    assert found["x"].tolist()[::2] == [1.5, 2]
    assert found.isna().to_numpy().tolist() == [
        [False, False, False, True],
        [True, True, True, False],
        [False] * 4,
    ]


def test_words_among_numbers_are_counted_at_any_share():
    cells = pd.Series(["$5"] * 6 + ["free"] * 2 + ["ask", "NA"], dtype="str")
    assert other_words(cells) == (
        "6 of 9 cells hold numbers, the others 'free' (2), 'ask' (1)",
        "Name those words in data.missing_values",
    )


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ((" USD", " EUR"), "30 of 30 cells hold numbers in several units: USD (15), EUR (15)"),
        (("K", "M"), "30 of 30 cells hold numbers in several units: K (15), M (15)"),
        (("%", ""), "30 of 30 cells hold numbers in several units: % (15), none (15)"),
        ((" mg", " g", " kg"), "30 of 30 cells hold numbers in several units: mg (10), g (10), kg (10)"),
    ],
)
def test_numbers_in_several_units_are_told(units, said):
    cells = [f"{number}.5{units[number % len(units)]}" for number in range(30)]
    assert other_words(pd.Series(cells, dtype="str")) == (said, "Bring them to one unit")
    words = pd.Series([*cells, "?"], dtype="str")
    assert other_words(words)[0] == said.replace("30 of 30", "30 of 31")


@pytest.mark.parametrize(
    "cells",
    [
        ["01234"] + ["56789"] * 9,
        ["1st", "2nd", "3rd"],
        [*["tall"] * 19, "1", "2"],
        ["10 mg", "1 g"] * 30,  # few different ones are names
        [f"{line} {number}" for number in range(9) for line in ("LH", "BA", "AF", "IB", "AY")],
    ],
)
def test_codes_and_names_are_not_told_of(cells):
    assert other_words(pd.Series(cells, dtype="str")) == ("", "")


def test_text_that_json_and_a_database_hold_as_text_is_read(tmp_path: Path):
    (tmp_path / "t.json").write_text(json.dumps([{"x": "1,234.5"}, {"x": "7"}]), encoding="utf-8")
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("1,234.5",), ("7",)])
    connection.close()
    for name in ("t.json", "t.db"):
        frame = read_frame(Source.parse(str(tmp_path / name), "x"), None, False)
        assert read_numbers(frame, ["x"], Style()).frame["x"].tolist() == [1234.5, 7]
