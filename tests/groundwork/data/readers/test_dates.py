"""Dates become days and, where asked, parts that models can learn from."""

import calendar
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.readers.dates import split_dates
from groundwork.data.readers.table import read_table

ALL = ["year", "month", "day", "weekday", "hour"]


def test_parts_are_those_of_the_calendar():
    moments = [datetime(1969, 12, 31, 23, 30), datetime(2000, 2, 29), datetime(2026, 11, 27, 7)]
    found = split_dates(pd.Series([*moments, None], name="sold", dtype="datetime64[us]"), ALL)
    assert list(found) == ["sold", *(f"sold {part}" for part in ALL)]
    for row, moment in enumerate(moments):
        assert found["sold"][row] == (moment - datetime(1970, 1, 1)).total_seconds() / 86400
        assert found["sold year"][row] == moment.year
        assert found["sold month"][row] == calendar.month_name[moment.month]
        assert found["sold day"][row] == moment.day
        assert found["sold weekday"][row] == calendar.day_name[moment.weekday()]
        assert found["sold hour"][row] == f"{moment.hour:02} h"
    assert all(column.isna()[3] for column in found.values())
    numbers = {name for name, column in found.items() if column.dtype == np.float64}
    assert numbers == {"sold", "sold year", "sold day"}


def test_a_date_with_a_zone_is_read_in_utc():
    late = pd.to_datetime(pd.Series(["2024-01-01T23:30:00-05:00"], name="at"))
    found = split_dates(late, ["weekday", "hour"])
    assert (found["at weekday"][0], found["at hour"][0]) == ("Tuesday", "04 h")


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(
        "when,x,y\n2024-01-01,1,1.5\n2024-06-15,2,2.5\n,3,3.5\n", encoding="utf-8"
    )
    return tmp_path / "sales.csv"


def read(table: Path, parts: list[str], inputs: list[str] | None = None):
    return read_table(
        str(table), "y", inputs, None, None, None, None, None, None, None, False, date_parts=parts
    )


def test_a_table_reads_the_parts_that_are_asked_for(sales: Path):
    samples = read(sales, ["month", "year"])
    assert samples.inputs.columns.tolist() == ["when", "when month", "when year", "x"]
    assert samples.categorical == ("when month",)
    assert samples.notes == ("input 'when' holds dates, used as days since 1970-01-01 and by month, year",)
    assert samples.inputs["when month"].tolist()[:2] == ["January", "June"]


def test_parts_that_cannot_be_are_refused_in_one_line(sales: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"data\.date_parts must be one of .*weekday.*, but got moon"):
        read(sales, ["moon"])
    with pytest.raises(UserError, match="must go with an input that holds dates"):
        read(sales, ["month"], ["x"])
    taken = tmp_path / "taken.csv"
    taken.write_text(sales.read_text(encoding="utf-8").replace("when,x", "when,when month"), encoding="utf-8")
    with pytest.raises(UserError, match="has a column 'when month'"):
        read(taken, ["month"])


def test_a_day_that_stands_for_ever_is_read_named_and_can_be_missing(tmp_path: Path):
    days = [f"2024-01-{1 + row % 28:02}" for row in range(40)]
    days[3] = days[9] = days[30] = "9999-12-31"
    table = tmp_path / "t.csv"
    table.write_text(
        "until,y\n" + "".join(f"{day},{row}.5\n" for row, day in enumerate(days)), encoding="utf-8"
    )
    samples = read(table, [])
    ever = (datetime(9999, 12, 31) - datetime(1970, 1, 1)).days
    assert samples.inputs["until"][3] == ever
    assert samples.inputs["until"][0] == (datetime(2024, 1, 1) - datetime(1970, 1, 1)).days
    assert any("data.missing_values=[9999-12-31]" in note for note in samples.notes)
    keys = dict.fromkeys(
        ("inputs", "drop", "categorical", "id_column", "group", "split_column", "order_column")
    )
    again = read_table(str(table), "y", **keys, query=None, trust_pickle=False, missing_values=["9999-12-31"])
    assert np.flatnonzero(again.inputs["until"].isna()).tolist() == [3, 9, 30]
    assert not any("missing_values" in note for note in again.notes)
