import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data.formats.tidy import tidy


def tidied(values, dtype=object) -> Series:
    return tidy(DataFrame({"x": Series(values, dtype=dtype)}), "file")["x"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([2**60, None], "Int64"),
        ([1, 2.5], "float64"),
        ([Decimal("0.1"), None], "float64"),
        ([True, None], "boolean"),
        (["a", None], "str"),
        ([None, None], "float64"),
        ([1.5, "NA"], "float64"),
        ([1, "a"], "str"),
        ([2**70 + 1, 1], "str"),
        ([dt.date(2024, 1, 1), None], "datetime64[us]"),
        ([dt.datetime(2024, 1, 1), "NA"], "datetime64[us]"),
        ([np.int8(1), np.float32(0.5)], "float64"),
    ],
)
def test_objects_take_the_type_that_they_share(values, dtype):
    assert tidied(values).dtype == dtype


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Int64", "int64"),
        ("Float32", "float32"),
        ("UInt8", "uint8"),
        ("int8", "int8"),
        ("float32", "float32"),
    ],
)
def test_numbers_without_a_gap_become_plain(before: str, after: str):
    assert tidied([1, 2], before).dtype == after


def test_categories_stay_and_their_values_are_tidied():
    column = tidied(pd.Categorical(["b", None, "a"], categories=["b", "a"], ordered=True), None)
    assert column.cat.ordered
    assert column.cat.categories.tolist() == ["b", "a"]


def test_a_named_index_becomes_a_column_and_another_one_goes():
    frame = DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    assert tidy(frame, "file").columns.tolist() == ["key", "x"]
    assert tidy(frame.rename_axis(None), "file").index.equals(pd.RangeIndex(2))


@pytest.mark.parametrize(
    "cell", [[1], {"a": 1}, b"x", 1j, dt.timedelta(1), dt.time(1), pd.Interval(0, 1), pd.Period("2024")]
)
def test_cells_that_no_table_holds_are_named(cell):
    with pytest.raises(UserError, match="column 'x' must hold cells of a table") as caught:
        tidied([cell, None])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (DataFrame([[1, 2]], columns=["a", "a"]), "'a' comes twice"),
        (DataFrame([[1, 2]], columns=[1, "1"]), "'1' comes twice"),
        (DataFrame([[1, 2]], columns=["a", ""]), "column 2 has none"),
        (
            DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            "one row of names",
        ),
        (DataFrame({"a": Series(["\ud800"], dtype=object)}), "half a character"),
        (
            DataFrame({"a": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]}, dtype=object),
            "time zone",
        ),
    ],
)
def test_wrong_frames_are_refused_in_one_line(frame, message):
    with pytest.raises(UserError, match=message) as caught:
        tidy(frame, "file")
    assert "\n" not in str(caught.value)
