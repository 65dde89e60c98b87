"""Metrics of torchmetrics alone, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score
from torchmetrics.classification import MultilabelF1Score

from groundwork.core.errors import UserError
from groundwork.metrics import OwnMetrics

RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 2, (50, 3)).astype(np.float32)
PROB = np.clip(0.6 * TARGET + 0.6 * RNG.random((50, 3)), 0, 1)


def metrics() -> OwnMetrics:
    extra = {"f1": MultilabelF1Score(3), "each": MultilabelF1Score(3, average="none")}
    return OwnMetrics(monitor="f1", resamples=50, extra=extra)


def test_labels_of_0_and_1_are_measured_together_and_one_by_one():
    found = metrics()(PROB, TARGET, ["owl", "wren", "lark"])
    each = f1_score(TARGET, PROB > 0.5, average=None)
    assert found == pytest.approx(
        {"f1": each.mean(), "each/owl": each[0], "each/wren": each[1], "each/lark": each[2]}
    )


def test_a_sample_of_which_a_label_is_missing_is_left_out():
    target = TARGET.copy()
    target[::2, 1] = np.nan
    expected = f1_score(TARGET[1::2], PROB[1::2] > 0.5, average="macro")
    assert metrics().one("f1", PROB, target, ["a", "b", "c"]) == pytest.approx(expected)


def test_an_interval_holds_its_value():
    f1 = metrics().intervals(PROB, TARGET, ["a", "b", "c"], group=None, seed=0)["f1"]
    assert f1["low"] < f1["value"] < f1["high"]


def test_only_what_is_named_can_be_monitored():
    assert metrics().direction("val/each/owl") == "max"
    with pytest.raises(UserError, match=r"monitor must be one of metrics\.extra, but got 'rmse'.*each, f1"):
        metrics().direction("rmse")
