from dataclasses import replace

import numpy as np
import pytest
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data import Missing, find_gaps
from groundwork.data.missing import as_numbers, gap_notes

AUTO = Missing("median", True, "slot", "error", 0.0, "missing", {})
TABLE = DataFrame(
    {"age": [1.0, np.nan, 3.0, np.inf], "town": ["Rome", "Oslo", None, "Rome"], "rooms": [1, 2, 3, 4]}
)


def test_infinite_values_are_missing_an_error_or_kept_by_choice():
    assert find_gaps(TABLE.age, False, "missing").tolist() == [False, True, False, True]
    assert find_gaps(TABLE.age, False, "keep").tolist() == [False, True, False, False]
    with pytest.raises(UserError, match=r"column age must be finite, but got 1 infinite"):
        find_gaps(TABLE.age, False, "error")


def test_reading_numbers_changes_no_column_of_the_table():
    as_numbers(TABLE.age, "missing")
    assert np.isinf(TABLE.age[3])


def test_whole_and_true_or_false_columns_with_gaps_are_numbers():
    assert as_numbers(Series([1, None], dtype="Int64"), "keep").tolist()[0] == 1.0
    assert as_numbers(Series([True, False]), "keep").tolist() == [1.0, 0.0]
    assert as_numbers(Series(["1.5", "2"]), "keep").tolist() == [1.5, 2.0]


def test_text_in_a_numeric_column_is_named_with_the_cure():
    with pytest.raises(UserError, match=r"column size must hold numbers, but got 'big'.*data\.categorical"):
        as_numbers(Series(["1", "big"], name="size"), "keep")


def test_all_rows_stay_unless_a_column_drops_or_refuses_them():
    assert AUTO.keep_inputs(TABLE, ["town"]).tolist() == [True] * 4
    drop = replace(AUTO, numeric="drop", categorical="drop")
    assert drop.keep_inputs(TABLE, ["town"]).tolist() == [True, False, False, False]
    one = replace(AUTO, columns={"town": "drop"})
    assert one.keep_inputs(TABLE, ["town"]).tolist() == [True, True, False, True]


def test_refused_gaps_are_named_with_their_number():
    with pytest.raises(UserError, match=r"no missing values .* age \(2\), town \(1\)\. Use missing=auto"):
        replace(AUTO, numeric="error", categorical="error").keep_inputs(TABLE, ["town"])


def test_missing_targets_are_an_error_dropped_or_masked_by_choice():
    target = DataFrame({"price": [1.0, np.nan, np.nan], "rent": [1.0, 2.0, np.nan]})
    with pytest.raises(UserError, match=r"price \(2\), rent \(1\) of 3 rows\. Use missing\.target=drop"):
        AUTO.keep_target(target)
    assert replace(AUTO, target="drop").keep_target(target).tolist() == [True, False, False]
    assert replace(AUTO, target="mask").keep_target(target).tolist() == [True, True, False]


def test_targets_that_are_text_may_be_missing_too():
    target = DataFrame({"bird": ["owl", None, "heron"]})
    assert replace(AUTO, target="drop").keep_target(target).tolist() == [True, False, True]
    assert AUTO.keep_target(target.dropna()).tolist() == [True, True]


def test_notes_count_gaps_and_name_columns_without_any_value():
    table = TABLE.assign(ghost=np.nan)
    assert gap_notes(table, ["town"], "missing") == [
        "missing values of 4 rows: age 2, town 1",
        "warning: columns without any value: ghost",
    ]
    assert gap_notes(TABLE[["rooms"]], [], "missing") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"numeric": "average"},
        {"categorical": "median"},
        {"target": "mean"},
        {"infinite": "zero"},
        {"columns": {"age": "guess"}},
    ],
)
def test_policies_that_do_not_exist_are_refused(wrong):
    with pytest.raises(UserError, match=r"missing\.\S+ must be one of .* but got"):
        replace(AUTO, **wrong)


def test_columns_that_do_not_exist_or_have_another_kind_are_refused():
    with pytest.raises(UserError, match=r"missing\.columns must name input columns, but got 'agee'"):
        replace(AUTO, columns={"agee": "mean"}).keep_inputs(TABLE, ["town"])
    with pytest.raises(UserError, match=r"missing\.columns\.town must be one of .* but got mean"):
        replace(AUTO, columns={"town": "mean"}).keep_inputs(TABLE, ["town"])
