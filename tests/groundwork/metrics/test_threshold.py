import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from groundwork.metrics import choose_threshold, decide


@pytest.mark.parametrize(
    ("criterion", "score"), [("f1", f1_score), ("balanced_accuracy", balanced_accuracy_score)]
)
def test_no_other_threshold_does_better(criterion, score):
    rng = np.random.default_rng(0)
    target = (rng.random(200) < 0.1).astype(int)
    positive = np.round(np.clip(0.2 + 0.2 * target + 0.15 * rng.normal(size=200), 0, 1), 2)
    prob = np.stack([1 - positive, positive], axis=1)
    chosen = choose_threshold(prob, target, positive=1, criterion=criterion)
    best = max(score(target, decide(prob, 1, t)) for t in np.linspace(0, 1, 101))
    assert score(target, decide(prob, 1, chosen)) == pytest.approx(best)


def test_of_equal_thresholds_the_one_nearest_to_a_half_wins():
    prob = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert choose_threshold(prob, np.array([0, 1]), positive=1, criterion="accuracy") == 0.5


def test_a_criterion_that_needs_more_than_counts_is_refused():
    with pytest.raises(ValueError, match="criterion must be one of"):
        choose_threshold(np.ones((1, 2)) / 2, np.array([0]), positive=1, criterion="auroc")


def test_a_probability_at_the_threshold_counts_as_positive():
    prob = np.array([[0.5, 0.5], [0.1, 0.9]])
    assert choose_threshold(prob, np.array([0, 1]), positive=1, criterion="accuracy") == pytest.approx(0.7)
