from itertools import product

import numpy as np
import pytest

from groundwork.metrics import against_best, any_ranges, area_ranges, sum_ranges


def test_two_models_are_compared_by_all_sign_flips():
    apart = np.array([1.0, -1, 1, 1, 1, 1, 0, 1]) / 8
    ranges = sum_ranges(np.stack([np.zeros(8), apart]))
    exact = np.mean([abs(np.dot(flips, apart)) >= abs(apart.sum()) for flips in product((-1, 1), repeat=8)])
    assert against_best(np.array([apart.sum(), 0]), ranges)[1]["p"] == pytest.approx(exact, abs=0.03)


def test_groups_change_places_whole():
    parts = np.stack([np.zeros(20), np.repeat([0.01, -0.01], 10)])
    assert set(np.round(sum_ranges(parts, group=np.repeat([0, 1], 10)), 6)) == {0.0, 0.2}


def test_any_metric_gives_what_its_sum_gives():
    rng = np.random.default_rng(0)
    parts = (rng.random((3, 50)) < 0.7) / 50
    loose = any_ranges(lambda weights: parts.ravel() @ weights, 3, 50, shuffles=400)
    assert np.quantile(loose, 0.9) == pytest.approx(np.quantile(sum_ranges(parts), 0.9), abs=0.021)


def test_each_model_is_measured_once_on_every_sample_and_groups_stay_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundwork.metrics.equal.CHUNK", 300)  # several chunks
    group, seen = np.repeat([0, 1, 2], 4), []

    def at(weights: np.ndarray) -> np.ndarray:
        seen.append(weights.reshape(2, 12, -1, 2))
        return weights[0]

    assert len(any_ranges(at, 2, 12, group=group, shuffles=9)) == 9
    assert len(seen) > 1
    weights = np.concatenate(seen, axis=2)
    assert (weights.sum(axis=0) == 1).all()  # a model has one prediction of each sample
    assert (weights.sum(axis=3) == 1).all()  # and each prediction goes to one model
    assert (weights == weights[:, group * 4]).all()
    assert 0.2 < weights[0, :, :, 0].mean() < 0.8


def test_areas_vary_as_delongs_formula_says():
    rng = np.random.default_rng(1)
    positive = np.repeat([True, False], [30, 50])
    scores = rng.normal(size=(2, 80)) + positive
    above = [(s[positive][:, None] > s[~positive]).astype(float) for s in scores]
    difference = above[0] - above[1]
    error = difference.mean(1).var(ddof=1) / 30 + difference.mean(0).var(ddof=1) / 50
    assert area_ranges(scores, positive).std() < np.sqrt(error)
    assert np.sqrt(np.mean(area_ranges(scores, positive) ** 2)) == pytest.approx(np.sqrt(error), rel=0.05)


def test_equal_models_are_rarely_called_different():
    rng, claimed = np.random.default_rng(0), 0
    for _ in range(60):
        parts = (rng.random((4, 80)) < 0.7) / 80
        parts = parts[np.argsort(-parts.sum(axis=1))]
        claimed += (
            min(one["p"] for one in against_best(parts.sum(axis=1), sum_ranges(parts)[:400])[1:]) < 0.05
        )
    assert claimed <= 8
