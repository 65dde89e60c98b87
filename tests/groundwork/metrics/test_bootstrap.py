import numpy as np
import pytest
from scipy.stats import binomtest

from groundwork.metrics import (
    ClassificationScores,
    RegressionScores,
    bootstrap,
    classification_metrics,
    regression_metrics,
)
from groundwork.metrics.draws import Units


def classification(n=200, k=3, seed=0, positive=None):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), target] += 1.5
    prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return prob, target, [f"c{i}" for i in range(k)], {"top_k": (2,), "positive": positive, "threshold": None}


def test_counting_a_sample_twice_is_having_it_twice():
    prob, target, classes, keys = classification()
    weights = np.random.default_rng(1).integers(0, 3, (200, 4))
    together = ClassificationScores(prob, target, classes, **keys).at(weights.astype(np.float32))
    for column, weight in enumerate(weights.T):
        rows = np.repeat(np.arange(200), weight)
        for name, value in classification_metrics(prob[rows], target[rows], classes, **keys).items():
            assert together[name][column] == pytest.approx(value, abs=2e-5, nan_ok=True), name


def test_counting_a_value_twice_is_having_it_twice():
    rng = np.random.default_rng(0)
    target = np.round(rng.normal(size=(90, 2)), 1)
    prediction = np.round(target + rng.normal(size=(90, 2)), 1)
    target[::7, 0] = np.nan
    weights = rng.integers(0, 3, (90, 4))
    together = RegressionScores(prediction, target, ("u", "v")).at(weights.astype(np.float32))
    for column, weight in enumerate(weights.T):
        rows = np.repeat(np.arange(90), weight)
        for name, value in regression_metrics(prediction[rows], target[rows], ("u", "v")).items():
            assert together[name][column] == pytest.approx(value, abs=2e-5), name


def test_a_seed_gives_one_interval_and_another_a_similar_one():
    scores = RegressionScores(*np.random.default_rng(0).normal(size=(2, 300)), ("y",))
    first, again, other = (bootstrap(scores, seed=seed)["rmse"] for seed in (0, 0, 1))
    assert first == again != other
    assert first["low"] == pytest.approx(other["low"], rel=0.02)
    assert first["low"] < first["value"] < first["high"]


def test_the_width_is_that_of_the_binomial():
    prob, target, classes, keys = classification(n=1000)
    found = bootstrap(ClassificationScores(prob, target, classes, **keys))["accuracy"]
    p = found["value"]
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * np.sqrt(p * (1 - p) / 1000), rel=0.08)


def test_groups_are_drawn_whole():
    group = np.repeat(np.arange(20), 10).astype(str)
    columns = np.concatenate(list(Units(200, group).draw(300, 0)), axis=1)
    assert columns.shape == (200, 300)
    per_group = columns.reshape(20, 10, 300)
    assert (per_group == per_group[:, :1]).all()
    assert (columns.sum(axis=0) == 200).all()


def test_samples_that_repeat_within_groups_widen_the_interval():
    y, p = np.random.default_rng(0).normal(size=(2, 30))
    scores = RegressionScores(np.repeat(p, 10), np.repeat(y, 10), ("y",))
    alone = bootstrap(scores)["mse"]
    grouped = bootstrap(scores, group=np.repeat(np.arange(30), 10))["mse"]
    assert (grouped["high"] - grouped["low"]) > 2 * (alone["high"] - alone["low"])


def test_each_block_is_left_out_once():
    left = np.concatenate(list(Units(500, None).leave_out(0)), axis=1)
    assert left.shape == (500, 200)
    assert ((left == 0).sum(axis=1) == 1).all()


def test_a_perfect_score_on_few_samples_is_not_certain():
    prob, target = np.eye(2)[[0, 0, 0, 1]], np.array([0, 0, 0, 1])
    scores = ClassificationScores(prob, target, ("a", "b"), top_k=(), positive=None, threshold=None)
    found = bootstrap(scores)
    assert found["accuracy"] == {"value": 1, "low": pytest.approx(0.025 ** (1 / 4)), "high": 1}
    assert found["recall/b"]["low"] == pytest.approx(0.025)
    assert found["fpr/a"] == {"value": 0, "low": 0, "high": pytest.approx(0.975)}
    exact = [1 - binomtest(n, n).proportion_ci().low for n in (3, 1)]
    assert found["balanced_accuracy"]["low"] == pytest.approx(1 - np.hypot(*exact) / 2)


def test_groups_widen_what_formulas_say_by_their_design_effect():
    rng = np.random.default_rng(0)
    alone = bootstrap(certain(rng.random(300) < 0.8))["accuracy"]
    repeated = np.repeat(rng.random(30) < 0.8, 10)
    found = bootstrap(certain(repeated), group=np.repeat(np.arange(30), 10))["accuracy"]
    assert found["high"] - found["low"] > 2.5 * (alone["high"] - alone["low"])
    low, high = binomtest(int(repeated.sum()) // 10, 30).proportion_ci(method="wilson")
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.05)


def test_an_interval_holds_its_own_value_where_classes_are_tiny_and_many():
    rng = np.random.default_rng(0)
    target = np.repeat(np.arange(100), 4)
    prob = rng.dirichlet(np.ones(100), 400)
    prob[np.arange(400), target] += 0.02
    prob /= prob.sum(axis=1, keepdims=True)
    scores = ClassificationScores(
        prob, target, [str(k) for k in range(100)], top_k=(5,), positive=None, threshold=None
    )
    for name, found in bootstrap(scores).items():
        if not np.isnan(found["low"]):
            assert found["low"] <= found["value"] <= found["high"], name


def test_one_sample_in_each_of_ten_classes_gives_macro_recall_what_accuracy_has():
    scores = ClassificationScores(
        np.eye(10), np.arange(10), "abcdefghij", top_k=(), positive=None, threshold=None
    )
    found = bootstrap(scores)
    assert found["balanced_accuracy"]["low"] == pytest.approx(found["accuracy"]["low"], abs=0.002)


def test_heavy_tails_are_said_and_normal_errors_are_not():
    rng = np.random.default_rng(0)
    zeros = np.zeros(400)
    heavy = bootstrap(RegressionScores(rng.standard_t(2, 400), zeros, ("y",)))
    normal = bootstrap(RegressionScores(rng.normal(size=400), zeros, ("y",)))
    assert heavy["rmse"]["too_short"]
    assert "too_short" not in heavy["mae"]
    assert "too_short" not in normal["rmse"]


def test_an_undefined_metric_has_an_undefined_interval():
    prob, target = np.eye(3)[[0, 1, 1]], np.array([0, 1, 1])
    scores = ClassificationScores(prob, target, "abc", top_k=(), positive=None, threshold=None)
    assert np.isnan(list(bootstrap(scores)["recall/c"].values())).all()


@pytest.mark.parametrize("n", [0, 1])
def test_no_sample_and_one_sample_break_nothing(n):
    prob, target, classes, keys = classification(n)
    found = bootstrap(ClassificationScores(prob, target, classes, **keys))
    assert np.isnan(found["log_loss"]["low"])
    assert set(found) == set(classification_metrics(prob, target, classes, **keys))


def coverage(draw, truth, metric, sets):
    inside = 0
    for seed in range(sets):
        found = bootstrap(draw(np.random.default_rng(seed)), resamples=400, seed=seed)[metric]
        inside += found["low"] <= truth <= found["high"]
    return inside / sets


def certain(correct):
    prob = np.where(correct[:, None], [1.0, 0.0], [0.0, 1.0])
    return ClassificationScores(
        prob, np.zeros(len(prob), int), ("a", "b"), top_k=(), positive=None, threshold=None, ranked=False
    )


# With 200 sets the share strays by 1.5 points (one standard deviation) from the true coverage;
# tests/robustness/claims.py draws more sets of more kinds.
def test_the_interval_of_rmse_covers_the_truth():
    def draw(rng):
        return RegressionScores(2 * rng.normal(size=200), np.zeros(200), ("y",))

    assert 0.9 <= coverage(draw, 2.0, "rmse", 100) <= 0.99
