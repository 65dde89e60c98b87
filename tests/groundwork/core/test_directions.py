"""Which way a metric is better: as the run says, else by its name."""

import math
from typing import Any

import numpy as np
import pytest

from groundwork.core.directions import (
    LESS_IS_BETTER,
    MEASURED,
    MORE_IS_BETTER,
    bare_name,
    direction_in,
    limits,
    measured_as,
    named_direction,
)
from groundwork.core.suited import ORDERED, QUANTILE
from groundwork.launch.config.compose import compose_run
from groundwork.train.metrics import build_metrics


def test_less_is_better_for_errors_and_losses():
    less = (
        "rmse",
        "val/loss",
        "log_loss",
        "ece",
        "fpr",
        "fpr_macro",
        "mae/price",
        "brier",
        "max_error",
        "mape",
    )
    assert {direction_in({}, metric) for metric in less} == {"min"}
    more = ("accuracy", "r2", "recall/mae", "top_5_accuracy", "f1_macro", "regret")
    assert {direction_in({}, metric) for metric in more} == {"max"}


def test_a_name_tells_the_direction_of_the_projects_own_metrics_alone():
    assert named_direction("test/recall_weighted") == "max"
    assert named_direction("top_3_accuracy") == "max"
    assert named_direction("val/mae/price") == "min"
    assert named_direction("brier") is None
    assert not LESS_IS_BETTER & MORE_IS_BETTER


@pytest.mark.parametrize(
    ("metric", "name"),
    [("val/recall/owl", "recall"), ("train/loss", "loss"), ("recall/test", "recall"), ("f1", "f1")],
)
def test_split_and_class_are_no_part_of_the_name(metric: str, name: str):
    assert bare_name(metric) == name


def test_a_run_says_it_of_every_metric_and_an_older_one_of_its_monitor():
    new = {"monitor": "rmse", "direction": "min", "directions": {"rmse": "min", "far": "min", "mae": "max"}}
    assert [direction_in(new, metric) for metric in ("far", "val/far/a", "mae", "r2")] == [
        "min",
        "min",
        "max",
        "max",
    ]
    old = {"monitor": "val/regret", "direction": "min"}
    assert [direction_in(old, metric) for metric in ("regret", "far", "ece")] == ["min", "max", "min"]
    assert direction_in({"monitor": "rmse", "direction": None, "directions": None}, "rmse") == "min"


def test_limits_are_those_of_the_formula():
    for name in ("val/recall/owl", "f1_macro", "top_5_accuracy", "fpr", "hamming_loss"):
        assert limits(name) == (0, 1), name
    assert limits("test/r2/price") == (-math.inf, 1)
    assert limits("spearman") == (-1, 1)
    assert limits("rank_mae") == limits("rmse/price") == (0, math.inf)
    assert limits("loss") == limits("mine") == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("words", "target", "names"),
    [
        (["data=digits", "task=classification", "metrics.top_k=[2]"], [0, 1, 2, 0], "abc"),
        (["data=digits", "task=classification", "metrics.top_k=[2]", "loss=ordinal"], [0, 1, 2, 0], "abc"),
        (["data=diabetes", "task=regression"], [[0.0, 1.0], [1.0, 2.0]], "ab"),
        (["data=diabetes", "task=regression", "loss=quantile"], [[0.0], [1.0]], "a"),
        (["data=digit_labels", "task=multilabel"], [[0.0, 1.0], [1.0, 0.0]], "ab"),
    ],
)
def test_what_is_measured_of_a_task_is_what_its_metrics_give(words: list[str], target: list[Any], names: str):
    config = compose_run(words).config
    truth = np.asarray(target)
    shape = (len(truth), len(names)) if truth.ndim == 1 else truth.shape
    given = build_metrics(config).scores(np.full(shape, 1 / len(names)), truth, list(names))
    found = {measured_as(name) for name in given.at(np.ones((len(truth), 1)))}
    brought = {*ORDERED, *QUANTILE} if "loss" not in str(words) else set()
    assert found == MEASURED[config.task.name] - brought
