import numpy as np
import pytest
from scipy.stats import ttest_1samp

from groundwork.metrics import (
    ClassificationScores,
    RegressionScores,
    holm,
    mcnemar,
    paired_difference,
    repeated_interval,
)


def right_or_wrong(correct):
    """Score a classifier that is certain, right where `correct` says so."""
    prob = np.where(np.asarray(correct)[:, None], [1.0, 0.0], [0.0, 1.0])
    target = np.zeros(len(prob), int)
    return ClassificationScores(prob, target, ("a", "b"), top_k=(), positive=None, threshold=None)


def test_a_run_against_itself_differs_by_nothing():
    scores = right_or_wrong(np.arange(50) % 3 > 0)
    found = paired_difference(scores, scores)["accuracy"]
    assert found == {"difference": 0, "low": 0, "high": 0, "p": 1}


def test_pairing_sees_a_difference_that_separate_intervals_hide():
    rng = np.random.default_rng(0)
    y = 100 * rng.normal(size=300)
    common = 5 * rng.normal(size=300)
    first, second = (RegressionScores(y + common + shift, y, ("y",)) for shift in (0.0, 2.0))
    found = paired_difference(first, second, seed=1)["mse"]
    assert found["low"] > 0
    assert found["p"] < 0.01
    shifted = found["difference"]
    assert shifted == pytest.approx(np.mean((common + 2) ** 2 - common**2))


def test_groups_widen_the_interval_of_a_difference():
    group = np.repeat(np.arange(10), 20)
    a, b = right_or_wrong(np.ones(200, bool)), right_or_wrong(group % 2 == 0)
    alone = paired_difference(a, b)["accuracy"]
    grouped = paired_difference(a, b, group=group)["accuracy"]
    assert grouped["high"] - grouped["low"] > 2 * (alone["high"] - alone["low"])


def test_runs_on_different_samples_are_refused():
    with pytest.raises(ValueError, match="same samples"):
        paired_difference(right_or_wrong([True]), right_or_wrong([True, False]))


def test_mcnemar_by_hand():
    a = np.array([True] * 9 + [False] * 1 + [True] * 5)
    b = np.array([False] * 9 + [True] * 1 + [True] * 5)
    # Two-sided binomial, 1 of 10: 2 (1 + 10) / 1024.
    assert mcnemar(a, b) == {"only_a": 9, "only_b": 1, "p": pytest.approx(22 / 1024)}
    assert mcnemar(a, a)["p"] == 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, np.nan, 0.03, 0.5]).tolist() == pytest.approx(
        [0.04, 0.09, np.nan, 0.09, 0.5], nan_ok=True
    )
    assert holm([0.6, 0.7]).tolist() == [1, 1]


def test_seeds_get_students_interval_and_folds_a_wider_one():
    values = np.array([0.1, 0.3, 0.2, 0.4])
    seeds = repeated_interval(values, test_to_train=0)
    expected = ttest_1samp(values, 0)
    interval = expected.confidence_interval()
    assert (seeds["low"], seeds["high"]) == pytest.approx((interval.low, interval.high))
    assert seeds["p"] == pytest.approx(expected.pvalue)
    folds = repeated_interval(values, test_to_train=1 / 3)
    wider = (folds["high"] - folds["low"]) / (seeds["high"] - seeds["low"])
    assert wider == pytest.approx(np.sqrt((1 / 4 + 1 / 3) / (1 / 4)))


def test_one_run_has_no_interval():
    found = repeated_interval([0.5], test_to_train=0)
    assert found["mean"] == 0.5
    assert np.isnan([found["low"], found["high"], found["p"]]).all()
