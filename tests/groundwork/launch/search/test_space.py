"""Ranges, choices and conditions: what is read, refused and written as words."""

import math
from typing import Any

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.search.dimension import text
from groundwork.launch.search.space import Space, as_overrides


def space(**content: Any) -> Space:
    return Space({key.replace("__", "."): value for key, value in content.items()}, {"task": "regression"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"a": {"low": 2, "high": 1}}, "low < high"),
        ({"a": {"low": 0.0, "high": 1.0, "log": True}}, "0 < low < high"),
        ({"a": {"low": 1, "high": 8, "log": True, "step": 2}}, "both log and step"),
        ({"a": {"choices": ["one"]}}, "two or more"),
        ({"a": {"choices": ["one", "one"]}}, "two or more"),
        ({"a": {"low": 1, "high": 2, "choices": [1]}}, "either choices"),
        ({"a": {"low": 1, "high": 2, "base": 2}}, "either choices"),
        ({"a": 3}, "either choices"),
        ({"a": {"low": 1, "high": 2, "when": {"b": 1}}, "b": {"choices": [1, 2]}}, "above it"),
        ({}, "is empty"),
    ],
)
def test_what_makes_no_sense_is_refused(content: dict[str, Any], told: str):
    with pytest.raises(UserError, match=told):
        space(**content)


def test_a_grid_takes_choices_steps_whole_numbers_and_evenly_spread_points():
    found = space(
        a={"choices": [[64], [64, 64]]},
        b={"low": 0.0, "high": 0.5, "step": 0.1},
        c={"low": 1, "high": 3},
        d={"low": 1e-4, "high": 1.0, "log": True, "num": 3},
    ).dimensions
    assert found[0].grid() == ("[64]", "[64, 64]")
    assert found[1].grid() == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert found[2].grid() == (1, 2, 3)
    assert found[3].grid() == pytest.approx((1e-4, 1e-2, 1.0))


def test_a_range_without_points_is_no_grid():
    with pytest.raises(UserError, match="num"):
        space(lr={"low": 1e-4, "high": 1.0}).grid()


def test_the_grid_is_the_product_where_conditions_hold():
    both = space(
        optim={"choices": ["adamw", "sgd"]},
        optim__momentum={"choices": [0.8, 0.9], "when": {"optim": "sgd"}},
        model__depth={"low": 1, "high": 3},
        balance={"choices": ["none", "loss_weights"], "when": {"task": "classification"}},
    )
    found = both.grid()
    assert len(found) == 3 + 2 * 3
    assert all(("optim.momentum" in values) == (values["optim"] == "sgd") for values in found)
    assert not any("balance" in values for values in found)


def test_one_key_may_have_a_range_for_each_condition():
    rates = space(
        optim={"choices": ["adamw", "sgd"]},
        optim__lr=[
            {"low": 1e-4, "high": 1e-2, "log": True, "when": {"optim": "adamw"}},
            {"low": 1e-2, "high": 1.0, "log": True, "when": {"optim": "sgd"}},
        ],
    )
    assert [one.name for one in rates.dimensions] == [
        "optim",
        "optim.lr (optim=adamw)",
        "optim.lr (optim=sgd)",
    ]
    picked = rates.draw(lambda one: "sgd" if one.key == "optim" else one.high)
    assert picked == {"optim": "sgd", "optim.lr": 1.0}


def test_every_extreme_is_in_some_corner_even_behind_a_condition():
    found = space(
        optim={"choices": ["adamw", "sgd"]},
        optim__momentum={"low": 0.5, "high": 0.9, "when": {"optim": "sgd"}},
    )
    corners = [(dimension.key, values) for dimension, values in found.corners()]
    assert ("optim", {"optim": "adamw"}) in corners
    assert ("optim.momentum", {"optim": "sgd", "optim.momentum": 0.9}) in corners


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "true"), (None, "null"), (1e-05, "1e-05"), (3, "3"), ("sgd", "sgd"), ("[256, 256]", "[256, 256]"),
     ("it's", "'it\\'s'"), ("a b", "'a b'"), (-2, "-2")],
)  # fmt: skip
def test_values_are_written_in_the_grammar_of_hydra(value: Any, written: str):
    assert text(value) == written


def test_words_keep_every_digit():
    (word,) = as_overrides({"optim.lr": math.pi / 1000})
    assert float(word.partition("=")[2]) == math.pi / 1000
