"""The calibration error without what chance adds, and what chance alone would show."""

import numpy as np
import pytest

from groundwork.metrics import ClassificationScores, bootstrap


def scores(seed, n, over=0.0):
    """Draw confidences in [0.5, 1] and hits that come as often as said, less `over`."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, n)
    hit = rng.random(n) < confidence - over
    prob = np.stack([confidence, 1 - confidence], axis=1)
    return ClassificationScores(
        prob, (~hit).astype(int), "ab", top_k=(), positive=None, threshold=None, ranked=False
    )


def mean_of(metric, n, over=0.0):
    ones = np.ones((n, 1))
    return np.mean([scores(seed, n, over).at(ones)[metric][0] for seed in range(30)])


@pytest.mark.parametrize("n", [100, 400])
def test_a_calibrated_model_seems_less_wrong_without_what_chance_adds(n):
    assert mean_of("ece_debiased", n) < 0.65 * mean_of("ece", n)


def test_a_true_error_stays():
    assert mean_of("ece_debiased", 400, over=0.2) == pytest.approx(0.2, abs=0.01)


def test_the_band_holds_what_a_calibrated_model_shows_and_not_what_another_does():
    inside = []
    for seed in range(30):
        found = bootstrap(scores(seed, 200), seed=seed, resamples=10)["ece"]
        assert np.isnan(found["low"])
        inside.append(found["chance_low"] <= found["value"] <= found["chance_high"])
    assert np.mean(inside) >= 0.9
    wrong = bootstrap(scores(0, 200, over=0.3))["ece"]
    assert wrong["value"] > wrong["chance_high"]
