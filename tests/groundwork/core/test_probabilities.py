"""Probabilities, more or less sure."""

import numpy as np
import pytest
from scipy.special import softmax

from groundwork.core.probabilities import soften


def test_softened_probabilities_are_those_of_divided_logits():
    logits = np.random.default_rng(0).normal(0, 3, (50, 4))
    prob = softmax(logits, axis=1)
    assert soften(prob, 2.5) == pytest.approx(softmax(logits / 2.5, axis=1), abs=1e-12)
    assert soften(soften(prob, 0.4), 1 / 0.4) == pytest.approx(prob, abs=1e-12)
    assert soften(prob.astype(np.float32), 2.0).dtype == np.float32


def test_a_probability_that_float32_could_not_hold_stays_finite():
    assert np.isfinite(soften(np.array([[0.0, 1.0]], np.float32), 20.0)).all()
