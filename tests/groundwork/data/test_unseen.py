"""What training never showed is said, column by column, with what the model takes in its place."""

import numpy as np
import pytest
from pandas import DataFrame

from groundwork.data import ColumnStatistics, Missing, Normalize, encode_columns, fit_columns
from groundwork.data.unseen import averages_unseen, unseen_notes

AUTO = Missing("median", True, "slot", "error", 0.0, "missing", {})
TRAIN = DataFrame({"x": [1.0, 2.0, 6.0, 7.0], "c": ["a", "a", "b", "b"], "k": ["u", None, "u", "v"]})


def notes(rows: DataFrame, missing: Missing = AUTO, averages: bool = True) -> list[str]:
    statistics = fit_columns(TRAIN, ["c", "k"], missing, Normalize("standard"))
    kept = ColumnStatistics.from_state(statistics.state())
    assert kept == statistics
    return unseen_notes(encode_columns(rows, kept), kept, "rows", averages)


def one(**changed: object) -> DataFrame:
    row: dict[str, object] = {"x": 1.0, "c": "a", "k": "u"}
    return DataFrame([row, {**row, **changed}])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (one(), []),
        (
            one(c="z"),
            ["column 'c': 1 of 2 rows hold a category that training did not know; they get the mean"],
        ),
        (
            one(c=None),
            ["column 'c': 1 of 2 rows have no value, which training never showed; they get the mean"],
        ),
        (one(k=None), []),  # a gap that training did show
        (one(k="z"), ["column 'k': 1 of 2 rows hold a category"]),
        (one(x=np.nan), ["column 'x': 1 of 2 rows have no value, which training never showed; they get 4"]),
        (one(x=np.inf), ["column 'x': 1 of 2 rows have no value"]),
        (one(x=np.nan, c="z"), ["column 'x'", "column 'c'"]),
    ],
)
def test_each_kind_of_news_is_said_once(row: DataFrame, said: list[str]):
    found = notes(row)
    assert len(found) == len(said)
    for line, beginning in zip(found, said, strict=True):
        assert line.startswith(beginning)
        assert "\n" not in line


def test_a_filled_gap_names_its_filling_and_a_foreign_backbone_promises_nothing():
    filled = Missing("mean", False, "most_frequent", "error", 0.0, "missing", {})
    assert notes(one(c=None), filled) == [
        "column 'c': 1 of 2 rows have no value, which training never showed; they get 'a'"
    ]
    assert notes(one(c="z"), averages=False)[0].endswith("did not know")
    assert averages_unseen({"backbone": {"_target_": "groundwork.model.MLP"}})
    assert not averages_unseen({"backbone": {"_target_": "project.model.Mine"}})


def test_many_columns_are_told_in_few_lines():
    train = DataFrame({f"c{i}": ["a", "b"] for i in range(14)})
    statistics = fit_columns(train, list(train), AUTO, Normalize("standard"))
    rows = encode_columns(train.replace({"a": "z"}), statistics)
    found = unseen_notes(rows, statistics, "rows", True)
    assert len(found) == 11
    assert found[-1] == "and 4 more columns of the same kind"


def test_statistics_of_the_first_edition_have_no_counts_and_say_less():
    state = fit_columns(TRAIN, ["c", "k"], AUTO, Normalize("standard")).state()
    for column in state["columns"]:
        del column["counts"]
    old = ColumnStatistics.from_state(state)
    found = unseen_notes(encode_columns(one(c="z", x=np.nan), old), old, "rows", True)
    assert found == ["column 'c': 1 of 2 rows hold a category that training did not know"]


def test_a_number_that_training_showed_in_one_value_only_is_told():
    train = DataFrame({"x": [0.0] * 4, "y": [1.0, 2.0, 3.0, 4.0]})
    statistics = fit_columns(train, [], AUTO, Normalize("standard"))
    rows = encode_columns(DataFrame({"x": [0.0, 5.0, np.nan], "y": [9.0, 9.0, 9.0]}), statistics)
    assert unseen_notes(rows, statistics, "rows", True) == [
        "column 'x': 1 of 3 rows hold another value than 0, the only one that training showed; they get 0",
        "column 'x': 1 of 3 rows have no value, which training never showed; they get 0",
    ]


def test_a_column_of_which_no_category_is_known_gets_a_remedy() -> None:
    rows = DataFrame([{"x": 1.0, "c": f"name {place}", "k": "u"} for place in range(10)])
    assert notes(rows)[0].endswith("train without it: data.drop=[c]")
    assert "data.drop" not in notes(rows[:9])[0]
