"""The temperature of probabilities."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from groundwork.metrics import fit_temperature

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (4000, 3))
TARGET = np.array([RNG.choice(3, p=each) for each in softmax(LOGITS, axis=1)])


def test_the_temperature_that_made_probabilities_too_sure_is_found():
    assert fit_temperature(softmax(LOGITS * 3, axis=1), TARGET) == pytest.approx(3, rel=0.1)
    assert fit_temperature(softmax(LOGITS / 2, axis=1), TARGET) == pytest.approx(0.5, rel=0.1)


def test_no_other_temperature_has_a_lower_penalized_loss():
    few, target = LOGITS[:40] * 3, TARGET[:40]
    grid = np.exp(np.linspace(-2, 2, 4001))
    loss = [-log_softmax(few / t, axis=1)[range(40), target].sum() + 2 * np.log(t) ** 2 for t in grid]
    found = fit_temperature(softmax(few, axis=1), target)
    assert found == pytest.approx(grid[int(np.argmin(loss))], rel=2e-3)


def test_few_rows_that_are_all_right_do_not_make_probabilities_certain():
    prob = np.tile([0.9, 0.1], (30, 1))
    assert 0.4 < fit_temperature(prob, np.zeros(30, int)) < 1


def test_nothing_to_fit_leaves_probabilities_as_they_are():
    assert fit_temperature(np.empty((0, 2)), np.empty(0, int)) == 1
    assert fit_temperature(np.full((4, 2), np.nan), np.zeros(4, int)) == 1
