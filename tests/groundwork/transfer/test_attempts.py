from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from groundwork.transfer import Candidate, HeldOut, Linear, OutOfFold, solve_head

RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 2, 90)
STAGE = (RNG.normal(size=(90, 4)) + TARGET[:, None]).astype(np.float32)
FOLD = RNG.permutation(np.arange(90) % 3)
CANDIDATE = Candidate((0,), "mean")


def solve(features: torch.Tensor, target: torch.Tensor, strengths: Sequence[float]) -> Iterator[Linear]:
    return solve_head(features, target, 2, strengths)


def crossed(stage: np.ndarray, target: np.ndarray, fold: np.ndarray, judging: np.ndarray) -> OutOfFold:
    strengths = [1.0, 100.0]
    return OutOfFold([stage], (False,), torch.from_numpy(target), fold, judging, 60, strengths, solve)


def of_sklearn(rows: np.ndarray, strength: float) -> LogisticRegression:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / strength, tol=1e-8))
    return model.fit(STAGE[rows], TARGET[rows])


def test_each_fold_is_judged_by_the_head_of_the_others():
    attempts = list(crossed(STAGE, TARGET, FOLD, np.arange(90))(CANDIDATE))
    assert [attempt.strength for attempt in attempts] == [100.0, 1.0]
    for attempt in attempts:
        prob = attempt.output.softmax(1)[:, 1].numpy()
        for number in range(3):
            expected = of_sklearn(number != FOLD, attempt.strength).predict_proba(STAGE[number == FOLD])[:, 1]
            assert prob[number == FOLD] == pytest.approx(expected, abs=1e-3)


def test_the_head_of_the_end_learns_from_the_training_rows_alone():
    first, *_ = crossed(STAGE, TARGET, FOLD, np.arange(90))(CANDIDATE)
    prob = first.head()(torch.from_numpy(STAGE)).softmax(1)[:, 1].numpy()
    expected = of_sklearn(np.arange(90) < 60, first.strength).predict_proba(STAGE)[:, 1]
    assert prob == pytest.approx(expected, abs=1e-3)


def test_no_view_of_a_sample_teaches_the_head_that_judges_it():
    # The second views are all but the targets: whoever learned from them would be right about the first ones.
    views = np.concatenate([STAGE, STAGE])
    target, fold = np.concatenate([TARGET, 1 - TARGET]), np.concatenate([FOLD, FOLD])
    first, *_ = crossed(views, target, fold, np.arange(90))(CANDIDATE)
    assert first.output.shape == (90, 2)
    learned = (FOLD != 0).nonzero()[0]
    rows = np.concatenate([learned, 90 + learned])
    (head,) = solve(torch.from_numpy(views[rows]), torch.from_numpy(target[rows]), [first.strength])
    judged = torch.from_numpy(STAGE[FOLD == 0])
    torch.testing.assert_close(first.output[FOLD == 0], head(judged))


def test_held_out_rows_are_judged_by_the_head_on_all_training_rows():
    held_out = HeldOut(
        [STAGE[:60]], [STAGE[60:]], (False,), torch.from_numpy(TARGET[:60]), [1.0, 100.0], solve
    )
    for attempt in held_out(CANDIDATE):
        expected = of_sklearn(np.arange(90) < 60, attempt.strength).predict_proba(STAGE[60:])[:, 1]
        assert attempt.output.softmax(1)[:, 1].numpy() == pytest.approx(expected, abs=1e-3)
        torch.testing.assert_close(attempt.head()(torch.from_numpy(STAGE[60:])), attempt.output)
