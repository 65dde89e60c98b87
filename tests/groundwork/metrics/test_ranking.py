import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from groundwork.metrics.ranking import Ranking


@pytest.mark.parametrize("levels", [3, 10, 10_000])
def test_weights_count_samples_several_times(levels):
    rng = np.random.default_rng(levels)
    score, label = rng.integers(0, levels, 80) / levels, rng.random(80) < 0.3
    weights = rng.integers(0, 4, (80, 6))
    auroc, precision = Ranking(score, label).at(weights.astype(np.float32))
    for column, weight in enumerate(weights.T):
        rows = np.repeat(np.arange(80), weight)
        assert auroc[column] == pytest.approx(roc_auc_score(label[rows], score[rows]), abs=1e-5)
        assert precision[column] == pytest.approx(average_precision_score(label[rows], score[rows]), abs=1e-5)


def test_by_hand_with_a_tie():
    # Falling: + | + - | -. Of four pairs (+, -) three are right and one is tied.
    auroc, precision = Ranking(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])).at(
        np.ones((4, 1))
    )
    assert auroc[0] == 3.5 / 4
    assert precision[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize(("label", "precision"), [([True, True], 1.0), ([False, False], np.nan)])
def test_one_class_alone_has_no_auroc(label, precision):
    auroc, found = Ranking(np.array([0.2, 0.7]), np.array(label)).at(np.ones((2, 1)))
    assert np.isnan(auroc[0])
    assert found[0] == pytest.approx(precision, nan_ok=True)


def test_no_sample_at_all_is_undefined():
    auroc, precision = Ranking(np.zeros(0), np.zeros(0, bool)).at(np.ones((0, 2)))
    assert np.isnan(auroc).all()
    assert np.isnan(precision).all()
