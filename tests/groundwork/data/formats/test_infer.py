import numpy as np
import pandas as pd
import pytest

from groundwork.data.formats.infer import infer_column, infer_dates


def infer(*texts, decimal_comma=False) -> pd.Series:
    return infer_column(pd.Series(texts, dtype="str"), decimal_comma=decimal_comma)


@pytest.mark.parametrize(
    ("texts", "dtype", "values"),
    [
        (("1", "-2", "0"), "int64", [1, -2, 0]),
        (("1", "", "3"), "Int64", [1, None, 3]),
        (("9007199254740993", "NA"), "Int64", [9007199254740993, None]),
        (("18446744073709551615", "0"), "uint64", [18446744073709551615, 0]),
        (("1.5", "2", "", "nan"), "float64", [1.5, 2.0, None, None]),
        (("1e5", ".5", "-0.0", "5e-324"), "float64", [1e5, 0.5, -0.0, 5e-324]),
        (("inf", "-Infinity", "1"), "float64", [np.inf, -np.inf, 1.0]),
        (("1.5", "#DIV/0!", "NULL"), "float64", [1.5, None, None]),
        (("True", "False"), "bool", [True, False]),
        (("true", "", "FALSE"), "boolean", [True, None, False]),
        (("007", "12"), "str", ["007", "12"]),
        (("+49", "1"), "str", ["+49", "1"]),
        (("1234567890123456789012345", "1"), "str", ["1234567890123456789012345", "1"]),
        (("9007199254740993", "0.5"), "str", ["9007199254740993", "0.5"]),
        (("NA", "DE", "null", ""), "str", ["NA", "DE", "null", None]),
        (("NA", ""), "str", ["NA", None]),
        (("", ""), "float64", [None, None]),
        (("1e400", "1"), "str", ["1e400", "1"]),
        (("1,5", "2"), "str", ["1,5", "2"]),
        (("1 ", "2"), "str", ["1 ", "2"]),
        (("1\n", "2"), "str", ["1\n", "2"]),
        (("٣", "2"), "str", ["٣", "2"]),
        (("1_000", "2"), "str", ["1_000", "2"]),
        (("2024-02-30", "2024-01-01"), "str", ["2024-02-30", "2024-01-01"]),
        (("2024-01-01", "2024-01-01T10:00:00Z"), "str", ["2024-01-01", "2024-01-01T10:00:00Z"]),
    ],
)
def test_a_column_takes_the_type_that_holds_every_cell(texts, dtype, values):
    column = infer(*texts)
    assert column.dtype == dtype
    assert [None if pd.isna(value) else value for value in column] == values


def test_a_decimal_comma_counts_where_the_file_uses_semicolons():
    assert infer("1,5", "2", "", decimal_comma=True).tolist()[:2] == [1.5, 2.0]


def test_iso_dates_are_read_with_the_unit_they_need():
    dates = infer("2024-02-29", "", "2024-03-01 12:30:00.5")
    assert dates.dtype == "datetime64[us]"
    assert dates[2] == pd.Timestamp(2024, 3, 1, 12, 30, 0, 500_000)
    assert pd.isna(dates[1])
    assert infer("2024-02-29T00:00:00.123456789").dtype == "datetime64[ns]"
    zoned = infer("2024-02-29T10:00:00+01:00", "2024-02-29T10:00:00Z")
    assert zoned[0] == pd.Timestamp("2024-02-29T09:00", tz="UTC")
    assert infer_dates(pd.Series(["May"], dtype="str")) is None
