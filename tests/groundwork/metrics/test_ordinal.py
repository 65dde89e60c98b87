"""Ranks of ordered classes against scikit-learn, at any weights, and where nothing is defined."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.metrics import ClassificationMetrics
from groundwork.train.metrics import build_metrics

METRICS = ClassificationMetrics("accuracy", 50, {}, (), None, None, ordered=True)
NAMES = ("low", "mid", "high", "top")


@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_of_scikit_learn_also_at_weights(seed: int):
    rng = np.random.default_rng(seed)
    target, prob = rng.integers(0, 4, 60), rng.dirichlet(np.ones(4), 60)
    decision, times = prob.argmax(axis=1), rng.integers(0, 3, 60)
    scores = METRICS.scores(prob, target, NAMES)
    found = scores.at(np.stack([np.ones(60), times], axis=1))
    for column, weight in enumerate((np.ones(60), times)):
        kappa = cohen_kappa_score(target, decision, weights="quadratic", sample_weight=weight)
        mae = mean_absolute_error(target, decision, sample_weight=weight)
        assert found["quadratic_kappa"][column] == pytest.approx(kappa, abs=1e-9)
        assert found["rank_mae"][column] == pytest.approx(mae, abs=1e-9)
    np.testing.assert_allclose(scores.contributions("rank_mae").sum(), found["rank_mae"][0])  # type: ignore[union-attr]
    intervals = METRICS.intervals(prob, target, NAMES, group=None, seed=0)
    assert intervals["rank_mae"]["low"] <= found["rank_mae"][0] <= intervals["rank_mae"]["high"]


def test_kappa_is_undefined_where_all_is_one_class():
    prob = np.tile([0.0, 1.0, 0.0, 0.0], (5, 1))
    found = METRICS(prob, np.ones(5, int), NAMES)
    assert np.isnan(found["quadratic_kappa"])
    assert found["rank_mae"] == 0


def test_they_come_with_the_loss():
    words = ["experiment=digits", "monitor=quadratic_kappa"]
    assert build_metrics(compose_run([*words, "loss=ordinal"]).config).direction("rank_mae") == "min"
    with pytest.raises(
        UserError, match=r"monitor=quadratic_kappa must go with ordered classes\. Use loss=ordinal"
    ):
        build_metrics(compose_run(words).config)
