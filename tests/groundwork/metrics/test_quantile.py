"""Metrics of quantiles against scikit-learn and counting, at any weights, with gaps, and for models of values alone."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.metrics import RegressionMetrics
from groundwork.metrics.quantile import QUANTILE
from groundwork.train.metrics import build_metrics

LEVELS = (0.5, 0.05, 0.95)
VALUES = RegressionMetrics("rmse", 60, {})
METRICS = replace(VALUES, quantiles=LEVELS)
RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=(80, 2)) * [1, 10]
APART = np.stack([RNG.normal(size=(80, 2)) + shift for shift in (0, -2, 2)], axis=1) * [1, 10]
PREDICTION = APART.reshape(80, 6)


def expected(target, apart, weight) -> list[float]:
    pinball = [
        mean_pinball_loss(target, each, alpha=q, sample_weight=weight)
        for q, each in zip(LEVELS, apart.T, strict=True)
    ]
    low, high = apart.min(axis=1), apart.max(axis=1)
    inside = (low <= target) & (target <= high)
    return [np.mean(pinball), np.average(inside, weights=weight), np.average(high - low, weights=weight)]


def test_they_are_those_of_scikit_learn_and_of_counting_also_at_weights():
    times, target = RNG.integers(0, 3, 80), TARGET.copy()
    target[::7, 1] = np.nan
    scores = METRICS.scores(PREDICTION, target, ("a", "b"))
    found = scores.at(np.stack([np.ones(80), times], axis=1))
    for column, weight in enumerate((np.ones(80), times)):
        each = []
        for place, name in enumerate(("a", "b")):
            known = ~np.isnan(target[:, place])
            each.append(expected(target[known, place], APART[known, :, place], weight[known]))
            got = [found[f"{metric}/{name}"][column] for metric in QUANTILE]
            np.testing.assert_allclose(got, each[-1], rtol=1e-12)
        np.testing.assert_allclose([found[metric][column] for metric in QUANTILE], np.mean(each, axis=0))
    points = VALUES(APART[:, 0], target, ("a", "b"))
    assert {name: found[name][0] for name in points} == pytest.approx(points)


def test_intervals_hold_their_value_and_sums_say_what_a_sample_adds():
    one = PREDICTION[:, ::2]
    found = METRICS.intervals(one, TARGET[:, :1], ("a",), group=None, seed=0)
    both = METRICS.intervals(
        PREDICTION, TARGET, ("a", "b"), group=[str(row // 2) for row in range(80)], seed=0
    )
    for metric in QUANTILE:
        for each in (found[metric], both[metric], both[f"{metric}/b"]):
            assert each["low"] < each["value"] < each["high"]
        parts = METRICS.scores(one, TARGET[:, :1], ("a",)).contributions(metric)
        assert parts is not None
        assert parts.sum() == pytest.approx(found[metric]["value"])
    p, n = found["interval_coverage"]["value"], 80
    middle, half = (
        (p + 1.92 / n) / (1 + 3.84 / n),
        1.96 * np.sqrt(p * (1 - p) / n + 0.96 / n**2) / (1 + 3.84 / n),
    )
    assert found["interval_coverage"]["low"] == pytest.approx(middle - half, abs=1e-3)  # Wilson
    assert both["rmse/a"]["value"] == VALUES(APART[:, 0], TARGET, ("a", "b"))["rmse/a"]


def test_a_model_of_values_alone_gets_the_quantiles_of_its_errors():
    constant = np.full((80, 1), 0.3)
    found = METRICS(constant, TARGET[:, :1], ("a",))
    best = [
        mean_pinball_loss(TARGET[:, 0], np.full(80, np.quantile(TARGET[:, 0], q)), alpha=q)
        for q in LEVELS[1:]
    ]
    best.append(mean_pinball_loss(TARGET[:, 0], constant[:, 0], alpha=0.5))
    assert found["pinball_loss"] == pytest.approx(np.mean(best))
    assert found["interval_coverage"] == 0.9
    assert found["rmse"] == VALUES(constant, TARGET[:, :1], ("a",))["rmse"]


def test_the_columns_beside_the_medians_are_those_that_a_model_gives():
    found = METRICS.beside(PREDICTION, ("a", "b"))
    assert list(found) == ["a_q05", "b_q05", "a_q95", "b_q95"]
    np.testing.assert_array_equal(found["b_q95"], PREDICTION[:, 5])
    assert METRICS.beside(PREDICTION[:, :2], ("a", "b")) == {}


def test_what_is_not_finite_is_undefined():
    found = METRICS(np.where(PREDICTION > 20, np.inf, PREDICTION), TARGET, ("a", "b"))
    assert np.isnan([found[name] for name in QUANTILE]).all()


def test_they_come_with_the_loss():
    words = ["experiment=diabetes", "monitor=pinball_loss"]
    metrics = build_metrics(compose_run([*words, "loss=quantile"]).config)
    assert (metrics.direction("pinball_loss"), metrics.quantiles) == ("min", LEVELS)  # type: ignore[union-attr]
    with pytest.raises(UserError, match=r"monitor=pinball_loss must go with quantiles\. Use loss=quantile"):
        build_metrics(compose_run(words).config)
