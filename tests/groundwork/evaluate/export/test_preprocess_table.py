"""The standalone encoder of exported models against the one that training uses, and text as csv files give it."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groundwork.data import ColumnStatistics, encode_columns
from groundwork.data.columns import Column
from groundwork.evaluate.export.preprocess_table import encode_rows

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
