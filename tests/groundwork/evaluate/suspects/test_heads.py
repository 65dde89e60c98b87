"""Linear heads out of fold: the stage that knows the classes is read, and probabilities are scikit-learn's."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from groundwork.core.console import Console
from groundwork.evaluate.suspects import heads as module
from groundwork.evaluate.suspects.heads import Head, Heads
from groundwork.train.frozen.features import StageFeatures
from groundwork.transfer.candidates import Candidate

FOLD = np.arange(120) % 3


def drawn() -> tuple[StageFeatures, NDArray[np.int64]]:
    """Three stages, of which the second knows the class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    stages = [rng.normal(size=(120, 40)).astype(np.float32) for _ in range(3)]
    stages[1][:, :3] += 2 * np.eye(3, dtype=np.float32)[labels]
    split = [np.split(stage, [90]) for stage in stages]
    features = StageFeatures([one[0] for one in split], [one[1] for one in split], (False, False, False), 1)
    return features, labels


@pytest.mark.parametrize("enough", [10, 1_000])
def test_the_stage_that_knows_the_classes_is_read(monkeypatch: pytest.MonkeyPatch, enough: int):
    monkeypatch.setattr(module, "ENOUGH", enough)
    features, labels = drawn()
    heads = Heads(features, FOLD, 3, torch.device("cpu"))
    head = heads.choose(labels, "mean", "auto", [0.01, 1.0, 100.0, 10_000.0], Console(quiet=True))
    assert 1 in head.candidate.stages
    assert head.strength not in (0.01, 10_000.0), head  # neither far too weak nor far too strong


def test_every_row_is_judged_by_a_head_that_did_not_see_it():
    features, labels = drawn()
    head = Head(Candidate((1,), "mean"), 10.0)
    found = Heads(features, FOLD, 3, torch.device("cpu")).predict(labels, head)
    inputs = np.concatenate([features.train[1], features.val[1]]).astype(np.float64)
    for number in range(3):
        learned, judged = inputs[number != FOLD], inputs[number == FOLD]
        scaler = StandardScaler().fit(learned)
        model = LogisticRegression(C=1 / head.strength, tol=1e-8, max_iter=1_000)
        model.fit(scaler.transform(learned), labels[number != FOLD])
        np.testing.assert_allclose(
            found[number == FOLD], model.predict_proba(scaler.transform(judged)), atol=1e-2
        )
