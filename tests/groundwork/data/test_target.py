import json

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.data import Target


def fit(values, task=None, positive_class=None, positive_above=None, classes=None) -> Target:
    target = values if isinstance(values, DataFrame) else DataFrame({"y": values})
    return Target.fit(target, task, positive_class, positive_above, classes)


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["cat", "dog", "cat"], "classification", "holds names"),
        ([True, False, True], "classification", "holds names"),
        ([0, 1, 1, 0], "classification", "2 whole numbers"),
        ([0.0, 1.0, np.nan, 0.0], "classification", "2 whole numbers"),
        ([1, 2, 3] * 5, "classification", "3 whole numbers"),
        ([1, 2, 3] * 4, "regression", "3 different whole numbers"),
        (list(range(21)) * 5, "regression", "21 different whole numbers"),
        ([0.5, 1.0, 2.0], "regression", "decimal numbers"),
        (DataFrame({"a": [1, 2], "b": [1, 2]}), "regression", "2 targets"),
    ],
)
def test_the_task_follows_from_the_target_and_says_why(values, task, reason):
    target = fit(values)
    assert target.task == task
    assert reason in target.why


def test_classes_stand_in_natural_order():
    assert fit(["a10", "a2", "b1", "a2"]).classes == ("a2", "a10", "b1")
    assert fit([10, 2, -1] * 5).classes == ("-1", "2", "10")


def test_a_whole_number_has_one_name_in_any_column():
    floats, integers = fit([1.0, 2.0, np.nan, 1.0]), fit(pd.array([1, 2, None, 1], "Int64"))
    assert floats.classes == integers.classes == ("1", "2")
    assert fit(pd.Categorical(["b", None, "a"])).encode(DataFrame({"y": ["a", "b", None]})).tolist() == [
        0,
        1,
        -1,
    ]


def test_encoding_gives_class_numbers_with_minus_one_for_missing():
    target = fit(["dog", None, "cat"])
    encoded = target.encode(DataFrame({"y": ["dog", None, "cat"]}))
    assert encoded.tolist() == [1, -1, 0]
    assert encoded.dtype == np.int64


def test_encoding_values_keeps_original_units_and_missing_ones():
    frame = DataFrame({"a": [1.5, np.nan], "b": pd.array([1, None], "Int64")})
    encoded = fit(frame).encode(frame)
    np.testing.assert_array_equal(encoded, np.array([[1.5, 1.0], [np.nan, np.nan]]))
    assert encoded.dtype == np.float64


def test_the_positive_class_of_two_is_number_one():
    assert fit(["yes", "no"], positive_class="no").classes == ("yes", "no")
    assert fit([0, 1], positive_class=0).classes == ("1", "0")


def test_a_threshold_cuts_a_probability_in_two():
    target = fit([0.0, 1 / 3, 2 / 3, 1.0, np.nan], positive_above=0.5, classes=["intact", "defective"])
    assert (target.task, target.classes) == ("classification", ("intact", "defective"))
    assert target.encode(DataFrame({"y": [0.5, 0.51, np.nan]})).tolist() == [0, 1, -1]
    assert fit([0.0, 1.0], positive_above=0.5).classes == ("<=0.5", ">0.5")


def test_given_classes_set_the_order():
    assert fit(["low", "high", "mid"], classes=["low", "mid", "high"]).classes == ("low", "mid", "high")


def test_keys_of_classification_are_said_to_have_no_effect_on_regression():
    target = fit([0.0, 0.3, 1.0], task="regression", positive_above=0.5)
    assert target.classes == ()
    assert "data.positive_above has no effect" in target.why
    assert target.encode(DataFrame({"y": [0.25]})).tolist() == [[0.25]]


def test_state_is_plain_and_comes_back():
    target = fit([0.0, 1.0], positive_above=0.5)
    assert Target.from_state(json.loads(json.dumps(target.state()))) == target


@pytest.mark.parametrize("task", [None, "regression"])
def test_a_target_of_one_value_is_told(task):
    assert "'y' holds one value only" in fit([1.5, 1.5, None], task=task).why
    assert "one value" not in fit([1.5, 1.5, 1.6], task=task).why
    assert "one value" not in fit([1.5], task=task).why


@pytest.mark.parametrize(
    ("values", "keys", "message"),
    [
        ([0.5, 1.5], {"task": "classification"}, "holds decimal numbers"),
        (DataFrame({"a": [1, 2], "b": [1, 2]}), {"task": "classification"}, "one target"),
        (DataFrame({"a": [1, 2], "b": ["x", "y"]}), {}, "'b' is not"),
        (["a", "a", None], {}, "two classes or more"),
        ([np.nan, np.nan], {}, "all are missing"),
        (["a", "b"], {"task": "regression"}, "numbers as target"),
        ([True, False], {"task": "regression"}, "numbers as target"),
        ([1.0, np.inf], {"task": "regression"}, "row 2 holds inf"),
        ([1.0, 1e39], {"task": "regression"}, "below 3.4e38"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), {}, "holds dates"),
        (["a", "b"], {"positive_class": "c"}, "one of 'a', 'b'"),
        (["a", "b", "c"], {"positive_class": "c"}, "two classes, but there are 3"),
        (["a", "b"], {"classes": ["a", "x"]}, "'b', 'x' is only in one"),
        (["a", "b"], {"classes": ["a", "a"]}, "differ from each other"),
        (["a", "b"], {"positive_above": 0.5}, "cut numbers"),
        ([0.0, 1.0], {"positive_above": 2.0}, "only in one|two classes"),
        ([0.0, 1.0], {"positive_above": 0.5, "positive_class": "<=0.5"}, "class above"),
        ([0.0, 1.0], {"positive_above": 0.5, "classes": ["a", "b", "c"]}, "two classes beside"),
        (DataFrame(index=range(3)), {}, "data.target"),
    ],
)
def test_wrong_targets_are_refused_in_one_line(values, keys, message):
    with pytest.raises(UserError, match=message) as caught:
        fit(values, **keys)
    assert "\n" not in str(caught.value)


def test_an_unknown_class_is_named_when_encoding():
    with pytest.raises(UserError, match="'fox'"):
        fit(["cat", "dog"]).encode(DataFrame({"y": ["cat", "fox"]}))


def test_a_missing_target_column_is_named():
    with pytest.raises(UserError, match="'y'"):
        fit(["cat", "dog"]).encode(DataFrame({"z": ["cat"]}))


def test_values_keep_the_digits_of_seconds_and_of_thousandths():
    seconds = [1_700_000_011.1536, 1_699_999_993.9849]
    frame = DataFrame({"y": seconds})
    assert fit(frame).encode(frame)[:, 0].tolist() == seconds


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1_700_000_000_000_000_000 + n for n in range(40)], "int64"),
        pd.array([2**63 + n for n in range(40)], "uint64"),
        np.array([1e18 + 128.0 * n for n in range(40)]),
    ],
)
def test_values_that_float64_cannot_tell_apart_are_refused(values):
    with pytest.raises(UserError, match="must differ by more than rounding") as caught:
        fit(DataFrame({"y": values}), task="regression")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        [1_700_000_000_000_000_000 + 10**9 * n for n in range(40)],
        [5.0] * 40,
        [0.0] * 40,
        [1e300 * n for n in (-1, 1)] * 0 + [1e30, -1e30, 0.1],
        [1e-300, 2e-300, 3e-300],
    ],
)
def test_values_that_differ_enough_are_kept(values):
    fit(DataFrame({"y": values}), task="regression")


def test_words_among_numbers_are_no_classes():
    frame = DataFrame({"y": pd.Series([f"{n}.5" for n in range(30)] + ["?"] * 5 + ["free"], dtype="str")})
    with pytest.raises(
        UserError, match=r"the others '\?' \(5\), 'free' \(1\). .*data.missing_values"
    ) as caught:
        fit(frame)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("task", [None, "classification"])
def test_names_that_do_not_repeat_are_no_classes(task):
    names = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(200)]
    with pytest.raises(UserError, match="200 of the 200 classes"):
        fit(DataFrame({"y": pd.Series(names, dtype="str")}), task=task)
    with pytest.raises(UserError, match="1,000 of the 1,000 classes"):
        fit(DataFrame({"y": np.arange(1000) * 7}), task="classification")
    assert len(fit(DataFrame({"y": pd.Series(names * 2, dtype="str")}), task=task).classes) == 200
