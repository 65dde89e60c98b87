"""The standalone encoder of exported models against the one that training uses, and text as csv files give it."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groundwork.data import ColumnStatistics, encode_columns
from groundwork.data.columns import Column
from groundwork.data.fit import fit_columns
from groundwork.data.missing import Missing
from groundwork.data.normalize import Normalize
from groundwork.data.readers.dates import split_dates
from groundwork.evaluate.export.describe import _describe_rows
from groundwork.evaluate.export.preprocess_table import encode_rows
from groundwork.evaluate.export.samples import _rows

AGE = {"name": "age", "kind": "numeric", "may_be_missing": True}
SEX = {"name": "sex", "kind": "categorical", "may_be_missing": True, "categories": ["1", "2", "True", "x"]}


def described(*columns: dict[str, Any], infinite: str = "missing") -> dict[str, Any]:
    return {"columns": list(columns), "infinite": infinite, "missing_words": ["NA"]}


def test_rows_get_the_numbers_of_training_by_name():
    statistics = ColumnStatistics(
        (
            Column("age", "numeric", 0.0, False, 0.0, 1.0, ()),
            Column("sex", "categorical", 0.0, False, 0.0, 1.0, ("1", "2", "True", "x")),
        ),
        "missing",
    )
    frame = pd.DataFrame({"sex": ["x", None, "2", "no"], "age": [1e9 + 0.25, math.nan, math.inf, -3]})
    expected = encode_columns(frame, statistics)
    assert np.array_equal(
        encode_rows(frame.to_dict("records"), described(AGE, SEX)), expected, equal_nan=True
    )


@pytest.mark.parametrize(
    ("value", "code"),
    [("", 0), (None, 0), (math.nan, 0), (2, 3), (2.0, 3), ("2.0", 3), ("true", 4), (True, 4), ("y", 1)],
)
def test_a_category_is_known_however_it_is_written(value: object, code: int):
    assert encode_rows([{"sex": value}], described(SEX)).tolist() == [[code]]


@pytest.mark.parametrize(
    ("text", "number"), [("", math.nan), ("NA", math.nan), ("1e3", 1000.0), ("-inf", math.nan)]
)
def test_text_becomes_a_number_or_a_gap(text: str, number: float):
    assert np.array_equal(encode_rows([{"age": text}], described(AGE)), [[number]], equal_nan=True)


PARTS = ("year", "month", "day", "weekday", "hour")
CELLS = ["2024-02-29", "1969-12-31T23:59:59.5", "2024-12-31T23:30:00-01:00", "", "NA"]


def dated() -> dict[str, Any]:
    """A column of dates with each part, described as an export does."""
    dates = pd.Series(pd.to_datetime(CELLS[:3], format="ISO8601", utc=True), name="sold")
    inputs = pd.DataFrame(split_dates(dates, PARTS))
    kinds = [name for name in inputs if inputs[name].dtype != float]
    gaps = Missing("median", True, "slot", "error", 0.0, "missing", {})
    statistics = fit_columns(inputs, kinds, gaps, Normalize("standard"))
    data = {"columns": statistics.state(), "moments": {"sold": list(PARTS)}}
    return {"inputs": inputs, "statistics": statistics, "described": _describe_rows(data)}


def test_dates_become_the_days_and_parts_that_training_made_of_them():
    known = dated()
    found = encode_rows([{"sold": cell} for cell in CELLS], known["described"])
    assert [column["name"] for column in known["described"]["columns"]] == list(known["inputs"])
    expected = encode_columns(known["inputs"], known["statistics"])
    np.testing.assert_allclose(found[:3], expected, rtol=1e-15)
    assert found[0, 0] == 19_782
    assert found[2, 1] == 2025  # in UTC it was the new year
    for row in found[3:]:
        assert [math.isnan(each) or each == 0 for each in row] == [True] * len(row)
    with pytest.raises(ValueError, match="column sold must hold dates such as 2024-02-29"):
        encode_rows([{"sold": "31.12.2024"}], known["described"])


def test_what_the_model_cannot_read_is_refused():
    with pytest.raises(KeyError, match="age"):
        encode_rows([{"sex": 1}], described(AGE))
    with pytest.raises(ValueError, match="column age must hold numbers, but holds 'old'"):
        encode_rows([{"age": "old"}], described(AGE))
    with pytest.raises(ValueError, match="column age must be finite"):
        encode_rows([{"age": math.inf}], described(AGE, infinite="error"))
    for column in (AGE, SEX):
        with pytest.raises(ValueError, match="must have no missing values"):
            encode_rows([{"age": "", "sex": ""}], described({**column, "may_be_missing": False}))
    assert encode_rows([{"age": math.inf}], described(AGE, infinite="keep"))[0, 0] == math.inf


def test_made_up_rows_of_a_model_that_reads_dates_are_read_alike_in_both_ways():
    known = dated()
    data = {"columns": known["statistics"].state(), "moments": {"sold": list(PARTS)}}
    inside, outside = _rows(None, data, known["described"])
    np.testing.assert_allclose(outside, inside.numpy(), rtol=1e-12)
    assert np.isnan(outside[:, 0]).sum() == 1
