"""Training is taken only where it was seen to pay, by numbers worked out by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwork.metrics import ClassificationScores, Scores
from groundwork.train.advice.decide import Verdict, beats_guessing, decide, guessed, undecidable


def _scores(right: NDArray[np.bool_]) -> Scores:
    """Score two classes, half of each, of which some rows are right."""
    return _classified(np.where(right, TRUTH[: len(right)], 1 - TRUTH[: len(right)]))


def _classified(decision: NDArray[np.int64]) -> Scores:
    prediction = np.eye(2, dtype=np.float32)[decision]
    return ClassificationScores(
        prediction, TRUTH[: len(decision)], ("a", "b"), top_k=(), positive=None, threshold=None, ranked=False
    )


TRUTH = np.arange(400) % 2


def _right(number: int, wrong: range) -> NDArray[np.bool_]:
    right = np.ones(number, dtype=bool)
    right[wrong] = False
    return right


def _decided(frozen: NDArray[np.bool_], *raced: NDArray[np.bool_]) -> Verdict:
    scores = [_scores(each) for each in raced]
    guesses = not beats_guessing(scores, 0, _classified(np.zeros(len(frozen), dtype=int)), "accuracy", 1.0)
    return decide(scores, 0, _scores(frozen), "accuracy", 1.0, guesses)


def test_the_error_of_a_gain_is_that_of_paired_differences():
    # Of 100 rows training is right on 12 more and wrong on 2 more: gain 0.10, error sqrt(14 / 100 - 0.1 ** 2) / 10.
    frozen, trained = _right(100, range(20, 32)), _right(100, range(40, 42))
    verdict = _decided(frozen, trained)
    assert verdict.gain == pytest.approx(0.10)
    assert verdict.error == pytest.approx(math.sqrt(0.14 - 0.01) / 10, rel=0.25)  # signs flip in whole rows
    assert verdict.pays
    assert not verdict.guesses


def test_a_gain_within_one_standard_error_leaves_the_frozen_head():
    # 6 more right and 5 more wrong: gain 0.01, error 0.033.
    verdict = _decided(_right(100, range(20, 26)), _right(100, range(40, 45)))
    assert verdict.gain == pytest.approx(0.01)
    assert not verdict.pays
    assert not verdict.hopeless


def test_the_more_raced_the_larger_the_gain_has_to_be():
    rng = np.random.default_rng(0)
    frozen = _right(100, range(40))
    others = [rng.permutation(frozen) for _ in range(30)]
    trained = _right(100, range(20, 40))
    trained[40:52] = False  # 20 more right, 12 more wrong: gain 0.08, error 0.056
    alone, among = _decided(frozen, trained), _decided(frozen, trained, *others)
    assert alone.gain == among.gain == pytest.approx(0.08)
    assert alone.pays
    assert not among.pays
    assert among.error > 1.5 * alone.error


def test_what_does_not_beat_guessing_is_never_taken():
    frozen = _right(60, range(40))  # a third right
    trained = _right(60, range(28))  # more than half right: a gain, but no better than one class for all
    verdict = _decided(frozen, trained)
    assert verdict.gain > verdict.error
    assert verdict.guesses
    assert not verdict.pays


def test_training_that_is_clearly_worse_is_hopeless():
    assert _decided(_right(100, range(5)), _right(100, range(30))).hopeless


@pytest.mark.parametrize("number", [36, 60, 120, 400])
def test_noise_never_trains(number: int):
    rng = np.random.default_rng(number)
    for _ in range(5):
        frozen, *raced = (rng.random(number) < 0.5 for _ in range(7))
        raced.sort(key=np.sum, reverse=True)
        assert not _decided(frozen, *raced).pays


def test_a_small_val_decides_no_race_and_says_what_could_not_be_seen():
    prediction = np.eye(2)[TRUTH[:25]]
    few = undecidable(prediction, TRUTH[:25])
    assert few is not None
    # sqrt(0.1 / 25) = 0.063
    assert "val has 25 rows: a gain of less than about 6 points" in few
    prediction = np.eye(2)[TRUTH[:100]]
    prediction[:5] = prediction[:5, ::-1]
    certain = undecidable(prediction, TRUTH[:100])
    assert certain is not None
    assert "errs on 5 of 100 val rows: training could gain 5.0 points at most" in certain
    prediction[5] = prediction[5, ::-1]
    assert undecidable(prediction, TRUTH[:100]) is None
    assert undecidable(np.zeros((29, 1)), np.zeros((29, 1))) is not None
    assert undecidable(np.zeros((30, 1)), np.zeros((30, 1))) is None


def test_guessing_is_the_same_for_all_rows():
    np.testing.assert_allclose(guessed(np.array([0, 0, 1, -1]), 2, 2), [[2 / 3, 1 / 3]] * 2, rtol=1e-6)
    np.testing.assert_allclose(guessed(np.array([[1.0, 2.0], [3.0, np.nan]]), 2, 2), [[2.0, 2.0]] * 2)
