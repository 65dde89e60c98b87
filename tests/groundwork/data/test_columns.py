from dataclasses import replace
from json import dumps, loads

import numpy as np
import pytest
from pandas import Categorical, DataFrame, Series
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder, RobustScaler, StandardScaler

from groundwork.core.errors import UserError
from groundwork.data import (
    ColumnStatistics,
    LossWeights,
    Missing,
    Normalize,
    SplitKeys,
    StratifiedSplit,
    encode_columns,
    fit_columns,
)
from groundwork.data.categories import category_text
from groundwork.data.columns import Column
from groundwork.evaluate.export.preprocess_table import encode_rows

AUTO = Missing("median", True, "slot", "error", 0.0, "missing", {})
SCALERS = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "robust": RobustScaler()}


def numbers_with_gaps(seed: int, n: int = 200) -> DataFrame:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 20, (n, 4)) * [1.0, 0.1, 100, 3] + generator.normal(size=4)
    values[generator.random((n, 4)) < [0.0, 0.1, 0.5, 0.01]] = np.nan
    return DataFrame(values, columns=list("abcd"))


def as_the_model_does(encoded: np.ndarray, statistics: ColumnStatistics) -> np.ndarray:
    columns = statistics.columns
    filled = [
        np.where(np.isnan(encoded[:, n]), column.fill, encoded[:, n]) for n, column in enumerate(columns)
    ]
    scaled = [(values - column.center) / column.scale for values, column in zip(filled, columns, strict=True)]
    gaps = [np.isnan(encoded[:, n]) for n, column in enumerate(columns) if column.indicator]
    return np.column_stack([*scaled, *gaps])


@pytest.mark.parametrize("policy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("method", SCALERS)
def test_filling_and_scaling_are_those_of_scikit_learn(policy, method):
    train, test = numbers_with_gaps(0), numbers_with_gaps(1)
    missing = replace(AUTO, numeric=policy, constant=-1)
    statistics = fit_columns(train, [], missing, Normalize(method))
    reference = make_pipeline(SimpleImputer(strategy=policy, fill_value=-1.0), SCALERS[method]).fit(train)
    indicator = MissingIndicator().fit(train)
    expected = np.column_stack([reference.transform(test), indicator.transform(test)])
    ours = as_the_model_does(encode_columns(test, statistics), statistics)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_each_column_may_have_its_own_policy():
    table = DataFrame({"age": [1.0, 2.0, 9.0, np.nan], "income": [1.0, 2.0, 9.0, np.nan]})
    statistics = fit_columns(table, [], replace(AUTO, columns={"age": "mean"}), Normalize("none"))
    assert [column.fill for column in statistics.columns] == [4.0, 2.0]


def test_indicators_only_stand_beside_columns_with_gaps_in_train():
    assert [c.indicator for c in fit_columns(numbers_with_gaps(0), [], AUTO, Normalize("none")).columns] == [
        False,
        True,
        True,
        True,
    ]
    statistics = fit_columns(numbers_with_gaps(0), [], replace(AUTO, indicator=False), Normalize("none"))
    assert not any(column.indicator for column in statistics.columns)


def test_codes_of_categories_are_missing_unseen_then_known_in_order():
    train = DataFrame({"town": ["Rome", None, "Oslo", "Rome"]})
    statistics = fit_columns(train, ["town"], AUTO, Normalize("auto"))
    assert statistics.columns[0].categories == ("Oslo", "Rome")
    test = DataFrame({"town": ["Oslo", "Rome", "Bonn", None]})
    assert encode_columns(test, statistics)[:, 0].tolist() == [2, 3, 1, 0]
    reference = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit([["Rome"], ["Oslo"]])
    known = encode_columns(test[:3], statistics)[:, 0] - 2
    assert known.tolist() == reference.transform([["Oslo"], ["Rome"], ["Bonn"]])[:, 0].tolist()


def test_missing_categories_take_the_slot_the_most_frequent_or_a_constant():
    train = DataFrame({"town": ["Rome", None, "Oslo", "Rome"]})
    for policy, code in (("slot", 0), ("most_frequent", 3), ("constant", 2)):
        missing = replace(AUTO, categorical=policy, constant="(none)")
        statistics = fit_columns(train, ["town"], missing, Normalize("auto"))
        assert statistics.columns[0].fill == code
        assert encode_columns(train, statistics)[1, 0] == 0  # the model fills it
    assert statistics.columns[0].categories == ("(none)", "Oslo", "Rome")


def test_equal_categories_have_equal_names_in_every_file():
    assert category_text(Series([1, 2])).tolist() == ["1", "2"]
    assert category_text(Series([1.0, np.nan, 2.5])).dropna().tolist() == ["1", "2.5"]
    assert category_text(Series(["1", 1.0, 1, True], dtype=object)).tolist() == ["1", "1", "1", "True"]
    assert category_text(Series([True, False])).tolist() == ["True", "False"]
    assert category_text(Series(Categorical(["b", "a", None]))).dropna().tolist() == ["b", "a"]


def test_columns_are_found_by_name_whatever_their_order():
    train = DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    statistics = fit_columns(train, [], AUTO, Normalize("none"))
    test = DataFrame({"extra": [0], "b": [30.0], "a": [10.0]})
    assert encode_columns(test, statistics).tolist() == [[10.0, 30.0]]
    with pytest.raises(UserError, match=r"must have the columns .* but got none named b\."):
        encode_columns(DataFrame({"a": [1.0]}), statistics)


@pytest.mark.parametrize("policy", ["drop", "error"])
def test_gaps_that_training_rows_could_not_have_are_refused(policy):
    train = DataFrame({"a": [1.0, 2.0], "town": ["x", "y"]})
    missing = replace(AUTO, numeric=policy, categorical=policy)
    statistics = fit_columns(train, ["town"], missing, Normalize("auto"))
    assert encode_columns(train, statistics).tolist() == [[1.0, 2.0], [2.0, 3.0]]
    for test in (DataFrame({"a": [np.nan], "town": ["x"]}), DataFrame({"a": [1.0], "town": [None]})):
        with pytest.raises(UserError, match="must have no missing values in this model, but got 1"):
            encode_columns(test, statistics)


def test_infinite_values_are_treated_after_training_as_in_training():
    train, test = DataFrame({"a": [1.0, 2.0, np.inf]}), DataFrame({"a": [-np.inf]})
    assert np.isnan(encode_columns(test, fit_columns(train, [], AUTO, Normalize("auto"))))
    keep = fit_columns(train, [], replace(AUTO, infinite="keep"), Normalize("auto"))
    assert np.isneginf(encode_columns(test, keep))
    assert keep.columns[0].center == 1.5
    with pytest.raises(UserError, match="finite"):
        fit_columns(train, [], replace(AUTO, infinite="error"), Normalize("auto"))


def test_a_column_without_any_value_in_train_is_named_with_the_cure():
    with pytest.raises(UserError, match=r"column ghost must have a value in train.*data\.drop"):
        fit_columns(DataFrame({"ghost": [np.nan, np.nan]}), [], AUTO, Normalize("auto"))
    constant = replace(AUTO, columns={"ghost": "constant"})
    (column,) = fit_columns(DataFrame({"ghost": [np.nan]}), [], constant, Normalize("auto")).columns
    assert (column.fill, column.center, column.scale) == (0.0, 0.0, 1.0)


def test_a_constant_that_is_no_number_is_refused_for_numbers():
    missing = replace(AUTO, numeric="constant", constant="none")
    with pytest.raises(UserError, match=r"missing\.constant must be a number for column a, but got 'none'"):
        fit_columns(DataFrame({"a": [1.0]}), [], missing, Normalize("auto"))


def test_no_training_rows_are_refused():
    with pytest.raises(UserError, match="train must hold at least one row"):
        fit_columns(DataFrame({"a": []}), [], AUTO, Normalize("auto"))


def test_statistics_survive_json_and_hold_plain_types_only():
    table = numbers_with_gaps(0).assign(town=["x", None] * 100)
    statistics = fit_columns(table, ["town"], AUTO, Normalize("robust"))
    assert ColumnStatistics.from_state(loads(dumps(statistics.state(), allow_nan=False))) == statistics


@pytest.mark.parametrize("method", ["standard", "minmax", "robust"])
@pytest.mark.parametrize("policy", ["mean", "median", "most_frequent"])
def test_garbage_in_val_and_test_changes_nothing_that_is_fitted(method, policy):
    table = numbers_with_gaps(0).assign(town=[None, "x", "y", "y"] * 50)
    target = np.arange(200) % 3
    keys = SplitKeys(np.arange(200).astype(str), target)
    split = StratifiedSplit((0.7, 0.15, 0.15), 0, stable=False, num_bins=10)(keys)
    missing = replace(AUTO, numeric=policy, categorical="most_frequent")

    def fitted() -> tuple[object, list[float]]:
        train = split == "train"
        statistics = fit_columns(table[train], ["town"], missing, Normalize(method))
        weights = LossWeights("effective", 0.9).class_weights(np.bincount(target[train], minlength=3))
        return statistics, weights.tolist()

    before = fitted()
    table.loc[split != "train", list("abcd")] = 1e12
    table.loc[split != "train", "town"] = "garbage"
    target[split != "train"] = 2
    assert fitted() == before


@pytest.mark.parametrize(
    ("categories", "cells", "codes"),
    [
        # Beside words 2.50 is text; in a file without them it is a number.
        (("2.50", "3.00", "large"), [2.5, 3.0, 4.0], [2, 3, 1]),
        (("maybe", "false", "true"), [True, False], [4, 3]),
        (("1.6", "2"), ["1.60", "2.0", "NA", "wide"], [2, 3, 0, 1]),
        (("2.5", "2.50", "x"), ["2.5", "2.50", "2.500"], [2, 3, 1]),
        (("007", "x"), [7, 7], [1, 1]),
        (("NA", "x"), ["NA", "x", None], [2, 3, 0]),
        (("a", "b"), ["NA", "b"], [1, 3]),
    ],
)
def test_a_category_is_found_by_its_value_whatever_type_its_file_gave_the_column(
    categories: tuple[str, ...], cells: list[object], codes: list[int]
):
    statistics = ColumnStatistics((Column("c", "categorical", 0.0, False, 0.0, 1.0, categories),), "missing")
    found = encode_columns(DataFrame({"c": cells}), statistics)[:, 0].tolist()
    assert found == codes
    described = {"name": "c", "kind": "categorical", "may_be_missing": True, "categories": list(categories)}
    preprocessing = {"columns": [described], "infinite": "missing", "missing_words": ["NA"]}
    assert encode_rows([{"c": cell} for cell in cells], preprocessing)[:, 0].tolist() == codes


def test_rare_categories_share_the_code_of_unseen_ones_and_train_it():
    inputs = DataFrame({"c": ["a"] * 5 + ["b"] * 3 + ["x", "y", None]})
    statistics = fit_columns(inputs, ["c"], AUTO, Normalize("standard"), rare_below=3)
    (column,) = statistics.columns
    assert (column.categories, column.counts) == (("a", "b"), (1, 2, 5, 3))
    rows = DataFrame({"c": ["a", "x", "never", None]})
    assert encode_columns(rows, statistics)[:, 0].tolist() == [2, 1, 1, 0]


def test_ranks_of_a_column_go_with_the_statistics():
    inputs = DataFrame({"a": np.arange(200.0)})
    statistics = fit_columns(inputs, [], AUTO, Normalize("quantile"))
    (column,) = statistics.columns
    assert len(column.knots) == len(column.scores) == 97
    assert ColumnStatistics.from_state(loads(dumps(statistics.state()))) == statistics
    assert fit_columns(inputs, [], AUTO, Normalize("standard")).columns[0].scores == ()
