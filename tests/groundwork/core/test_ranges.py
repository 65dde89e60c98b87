"""Numbers and words that a user gives are accepted inside of their range, and refused in one line outside of it."""

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pytest
from torch import nn
from torch.optim import AdamW

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice, check_range
from groundwork.loss import CrossEntropy, Focal, Huber, Penalty
from groundwork.optim import Constant, Cosine, OneCycle, OptimizerFactory, Plateau


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        ("[0, 1)", (0, 0.5, 0.999, np.float32(0.5)), (-0.001, 1, 1.5)),
        ("(0, 1]", (0.001, 1, 1.0), (0, -1, 1.001)),
        ("[0, 1]", (0, 1), (-1e-9, 1 + 1e-9)),
        ("(-2, 3)", (-1.9, 0, 2.9), (-2, 3)),
        ("[0, inf)", (0, 1e300, np.int64(7)), (-1, inf)),
        ("(0, inf)", (1e-300, 10**20), (0, -inf, inf)),
    ],
)
def test_an_end_in_square_brackets_belongs_to_the_interval(interval: str, inside: tuple, outside: tuple):
    for value in inside:
        check_range("key", value, interval)
    for value in outside:
        with pytest.raises(UserError) as caught:
            check_range("group.key", value, interval)
        assert str(caught.value) == f"group.key must be in {interval}, but got {value}. Change it."


@pytest.mark.parametrize("value", [nan, True, False, None, "0.5", [0.5], np.bool_(True)])
def test_what_is_no_number_lies_in_no_interval(value: object):
    with pytest.raises(UserError, match=r"key must be in \[-9, 9\], but got"):
        check_range("key", value, "[-9, 9]")


def test_a_whole_number_has_no_decimals():
    for value in (1, 7, np.int64(3)):
        check_range("key", value, "[1, inf)", whole=True)
    for value in (0, 2.5, 2.0, True, "2"):
        with pytest.raises(
            UserError, match=r"^key must be a whole number in \[1, inf\), but got .*\. Change it\.$"
        ):
            check_range("key", value, "[1, inf)", whole=True)


def test_a_choice_is_one_of_those_that_the_message_names():
    check_choice("group.key", "b", ("a", "b"))
    check_choice("group.key", 2, {1: "one", 2: "two"})
    with pytest.raises(UserError) as caught:
        check_choice("group.key", "d", (name for name in "abc"))
    assert str(caught.value) == "group.key must be one of a, b, c, but got d. Choose one."
    with pytest.raises(UserError, match=r"must be one of 1, 2, but got \['a'\]"):
        check_choice("group.key", ["a"], {1: "one", 2: "two"})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CrossEntropy(1.0), r"loss.label_smoothing must be in \[0, 1\), but got 1.0"),
        (lambda: CrossEntropy(-0.1), "loss.label_smoothing must be"),
        (lambda: Focal(-1.0), r"loss.gamma must be in \[0, inf\), but got -1.0"),
        (lambda: Focal(float("nan")), "loss.gamma must be"),
        (lambda: Huber(0.0), r"loss.delta must be in \(0, inf\), but got 0.0"),
        (lambda: Penalty(-1.0, 0.0, 0.0, "weights", nn.Linear(1, 1)), "loss.l1 must be in"),
        (
            lambda: Penalty(1.0, 0.0, 0.0, "norms", nn.Linear(1, 1)),
            "loss.penalized must be one of weights, all, head, but got norms",
        ),
        (lambda: OptimizerFactory(AdamW, 0.0, 0.1), r"optim\.lr must be in \(0, inf\), but got 0.0"),
        (lambda: OptimizerFactory(AdamW, 0.1, -0.1), r"optim\.weight_decay must be in \[0, inf\)"),
        (
            lambda: OptimizerFactory(AdamW, 0.1, 0.1, 1.5),
            r"optim\.layer_decay must be in \(0, 1\], but got 1.5",
        ),
        (lambda: Cosine(1.0, 0.0), r"schedule\.warmup must be in \[0, 1\), but got 1.0"),
        (lambda: Constant(-0.1), r"schedule\.warmup"),
        (lambda: OneCycle(0.0, 0.1, 0.1), r"schedule\.warmup must be in \(0, 1\)"),
        (lambda: Plateau(1.0, 3), r"schedule\.factor must be in \(0, 1\)"),
        (lambda: OptimizerFactory(AdamW, float("nan")), r"optim\.lr"),
    ],
)
def test_numbers_out_of_range_are_refused_when_built(build: Callable[[], object], message: str):
    with pytest.raises(UserError, match=message):
        build()


def test_the_ends_of_a_range_are_allowed():
    CrossEntropy(0.0)
    Focal(0.0)
    Cosine(0.0, 0.0)
    OptimizerFactory(AdamW, 0.1, 0.0, 1.0)
