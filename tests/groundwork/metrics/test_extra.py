import numpy as np
import pytest
from sklearn.metrics import jaccard_score, matthews_corrcoef
from torchmetrics import (
    JaccardIndex,
    MatthewsCorrCoef,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
)

from groundwork.metrics import ClassificationMetrics, RegressionMetrics

RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 3, 60)
PROB = RNG.dirichlet(np.ones(3), 60)


def classification(extra, positive=None):
    return ClassificationMetrics(
        monitor="f1", resamples=40, extra=extra, top_k=(), positive=positive, threshold=None
    )


def test_a_torchmetrics_metric_stands_beside_the_others_with_its_interval():
    metrics = classification({"mcc": MatthewsCorrCoef(task="multiclass", num_classes=3)})
    expected = matthews_corrcoef(TARGET, PROB.argmax(axis=1))
    assert metrics(PROB, TARGET, "abc")["mcc"] == pytest.approx(expected, abs=1e-6)
    found = metrics.intervals(PROB, TARGET, "abc", group=None, seed=0)["mcc"]
    assert found["low"] < found["value"] < found["high"]
    assert metrics.one("mcc", PROB, TARGET, "abc") == pytest.approx(expected, abs=1e-6)


def test_a_result_per_class_gets_the_names_of_the_classes():
    metrics = classification({"iou": JaccardIndex(task="multiclass", num_classes=3, average="none")})
    found = metrics(PROB, TARGET, "abc")
    expected = jaccard_score(TARGET, PROB.argmax(axis=1), average=None)
    assert [found[f"iou/{name}"] for name in "abc"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("positive", ["a", "b"])
def test_a_binary_metric_sees_the_positive_class(positive):
    prob, target = PROB[:, :2] / PROB[:, :2].sum(axis=1, keepdims=True), TARGET % 2
    found = classification({"iou": JaccardIndex(task="binary")}, positive)(prob, target, "ab")
    chosen = "ab".index(positive)
    assert found["iou"] == pytest.approx(jaccard_score(target == chosen, prob[:, chosen] >= 0.5), abs=1e-6)


def test_missing_targets_are_left_out_of_it():
    target = np.array([[1.0], [np.nan], [4.0]])
    prediction = np.array([[2.0], [9.0], [5.0]])
    metrics = RegressionMetrics(monitor="rmse", resamples=5, extra={"mape": MeanAbsolutePercentageError()})
    assert metrics(prediction, target, ("y",))["mape"] == pytest.approx((1 / 1 + 1 / 4) / 2)


def test_its_direction_is_its_own():
    metrics = classification({"error": MeanSquaredError(), "mcc": MatthewsCorrCoef(task="binary")})
    assert metrics.direction("val/error") == "min"
    assert metrics.direction("val/mcc") == "max"
    assert metrics.directions(["mcc", "error", "recall/owl", "val/ece", "nobody's"]) == {
        "mcc": "max", "error": "min", "recall": "max", "ece": "min",
    }  # fmt: skip


def test_values_keep_their_digits_in_it():
    target = 1.7e9 + np.array([[0.25], [1.5], [2.0]])
    metrics = RegressionMetrics(monitor="rmse", resamples=20, extra={"mae2": MeanAbsoluteError()})
    found = metrics(target + 0.5, target, ["y"])
    assert found["mae2"] == pytest.approx(0.5)
