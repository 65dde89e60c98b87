from itertools import product
from pathlib import Path

import numpy as np
import pytest

from groundwork.core.run_folder import RunFolder
from groundwork.metrics import (
    ClassificationScores,
    RegressionScores,
    beyond_chance,
    bias_corrected,
    lowest_loss_until_moved,
)
from groundwork.train.checkpoint.best import BestSoFar


def hits(hit, target=None):
    target = np.arange(len(hit)) % 2 if target is None else target
    prob = np.eye(2)[np.where(hit, target, 1 - target)]
    return ClassificationScores(prob, target, "ab", top_k=(), positive=None, threshold=None, ranked=False)


def test_noise_among_many_is_worth_nothing_once_corrected():
    chosen, corrected = [], []
    for seed in range(12):
        scores = [hits(hit) for hit in np.random.default_rng(seed).random((40, 30)) < 0.5]
        chosen.append(max(each.at(np.ones((30, 1)))["accuracy"][0] for each in scores))
        found = bias_corrected(scores, lambda c, _, s=scores: s[c], "accuracy", 1.0, resamples=60, seed=seed)
        corrected.append(found["accuracy"])
    assert np.mean(chosen) > 0.65
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.05)


def test_one_candidate_is_tested_by_sign_flips():
    baseline, model = np.arange(12) < 5, np.arange(12) < 11
    told = beyond_chance([hits(model)], 0, hits(baseline), "accuracy", 1.0)
    exact = np.mean([abs(sum(flips)) >= 6 for flips in product((-1, 1), repeat=6)])
    assert told["p"] == pytest.approx(exact, abs=0.01)
    assert (told["verdict"], told["difference"]) == ("better", pytest.approx(0.5))
    assert told["low"] > 0


def test_many_candidates_need_more_to_be_called_better():
    rng = np.random.default_rng(0)
    baseline = rng.random(60) < 0.6
    model = baseline | (np.arange(60) % 8 == 0)
    others = [hits(each) for each in rng.random((80, 60)) < 0.6]
    alone = beyond_chance([hits(model)], 0, hits(baseline), "accuracy", 1.0)
    among = beyond_chance([*others, hits(model)], 80, hits(baseline), "accuracy", 1.0)
    assert among["p"] > alone["p"]
    assert among["high"] - among["low"] > alone["high"] - alone["low"]


def test_less_of_an_error_is_better_and_equal_predictions_are_undecided():
    rng = np.random.default_rng(0)
    y = rng.normal(size=80)
    near, far = (RegressionScores(y + scale * rng.normal(size=80), y, ("y",)) for scale in (0.3, 2))
    for metric in ("mse", "rmse", "mae"):
        assert beyond_chance([near], 0, far, metric, -1.0)["verdict"] == "better"
        assert beyond_chance([far], 0, near, metric, -1.0)["verdict"] == "worse"
    assert beyond_chance([near], 0, near, "mse", -1.0)["verdict"] == "undecided"


def test_no_difference_of_two_shares_is_above_one():
    told = beyond_chance([hits(np.arange(9) < 8)], 0, hits(np.zeros(9, bool)), "balanced_accuracy", 1.0)
    assert (told["verdict"], told["high"]) == ("better", 1.0)
    worse = beyond_chance([hits(np.zeros(9, bool))], 0, hits(np.arange(9) < 8), "balanced_accuracy", 1.0)
    assert (worse["verdict"], worse["low"]) == ("worse", -1.0)


def test_an_interval_that_ends_at_zero_is_undecided_whatever_the_rounding():
    """Of few samples that differ, the largest t is often the one that was seen: a tie, and no evidence."""
    for number in range(8, 40):
        for gained in range(1, 6):
            model, baseline = np.arange(number) < gained + 3, np.arange(number) < 3
            told = beyond_chance([hits(model)], 0, hits(baseline), "accuracy", 1.0)
            assert (told["verdict"] == "better") == (told["low"] > 0)
            assert told["low"] == 0 or abs(told["low"]) > 1e-12


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_epoch_is_chosen_as_a_training_chooses_it(sign: float):
    """By the rule of `BestSoFar`, epoch after epoch, on 300 draws of scores that often tie."""
    rng = np.random.default_rng(0)
    scores = sign * np.round(rng.random((6, 300)) * 2) / 2
    losses, weights = rng.integers(1, 9, (6, 9)), rng.integers(0, 3, (9, 300))  # none falls by under 0.1 %
    chosen = lowest_loss_until_moved(losses, sign)(scores, weights)
    for column in range(300):
        best = BestSoFar(RunFolder(Path("none")), "val/it", "max" if sign > 0 else "min")
        for epoch in range(6):
            best.improves(sign * scores[epoch, column], epoch, float(losses[epoch] @ weights[:, column]))
        assert chosen[column] == best.best_epoch
