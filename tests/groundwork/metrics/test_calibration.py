"""The interval of the calibration error: what it holds, and when it is wide."""

import numpy as np
import pytest

from groundwork.metrics import ClassificationScores, bootstrap
from groundwork.metrics.calibration import CalibrationBins


def draw(rng, num_samples, over=0.0):
    """Draw confidences in [0.5, 1] and hits that come as often as said, less `over`."""
    confidence = rng.uniform(0.5, 1, num_samples)
    hit = rng.random(num_samples) < confidence - over
    return np.minimum((confidence * 15).astype(int), 14), confidence, hit


def interval(rng, num_samples, over=0.0, member=None, seed=0):
    bins = CalibrationBins(*draw(rng, num_samples, over), 15)
    return bins.interval(member, resamples=200, level=0.95, seed=seed)


def test_a_calibrated_model_may_have_no_error_at_all():
    lows = [interval(np.random.default_rng(seed), 150)[0] for seed in range(20)]
    assert np.mean(np.array(lows) == 0) >= 0.9


def test_the_true_error_is_held_where_quantiles_of_resamples_miss_it():
    found = np.array([interval(np.random.default_rng(seed), 150, over=0.1) for seed in range(60)])
    held = (found[:, 0] <= 0.1) & (found[:, 1] >= 0.1)
    assert held.mean() >= 0.9
    seen = [
        np.abs(CalibrationBins(*draw(np.random.default_rng(seed), 150), 15).difference).sum()
        for seed in range(9)
    ]
    assert min(seen) > 0.03  # of a model whose error is 0


def test_more_samples_tell_more_and_equal_seeds_the_same():
    few, many = (interval(np.random.default_rng(0), n, over=0.1) for n in (200, 5000))
    assert many[1] - many[0] < (few[1] - few[0]) / 2
    assert few == interval(np.random.default_rng(0), 200, over=0.1)


def test_hits_that_groups_share_tell_less():
    rng = np.random.default_rng(0)
    bins, confidence, hit = draw(rng, 40, over=0.1)
    ten = [np.repeat(part, 10) for part in (bins, confidence, hit)]
    alone = CalibrationBins(*ten, 15).interval(None, resamples=200, level=0.95, seed=0)
    together = CalibrationBins(*ten, 15).interval(
        np.repeat(np.arange(40), 10), resamples=200, level=0.95, seed=0
    )
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def test_one_sample_has_no_interval_and_the_bootstrap_hands_it_on():
    assert np.isnan(interval(np.random.default_rng(0), 1)).all()
    rng = np.random.default_rng(0)
    prob = rng.dirichlet((1, 1), 80)
    target = rng.integers(0, 2, 80)
    scores = ClassificationScores(prob, target, ("a", "b"), top_k=(), positive=None, threshold=None)
    found = bootstrap(scores, resamples=100, seed=3)["ece"]
    assert scores.calibration is not None
    ends = scores.calibration.interval(None, resamples=100, level=0.95, seed=3)
    assert (found["low"], found["high"]) == pytest.approx(ends)
    assert found["low"] <= found["value"] <= found["high"]
