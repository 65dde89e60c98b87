import numpy as np
import pytest

from groundwork.metrics.draws import Draws, Units
from groundwork.metrics.mean import log_ratio_ends


def draws(n, group=None, resamples=1000):
    return Draws(Units(n, group), resamples, 0.95, 0)


def test_the_ends_are_those_of_a_plain_loop():
    rng = np.random.default_rng(1)
    losses, n = rng.exponential(size=40), 40
    (found,) = log_ratio_ends([(losses, np.ones(n))], draws(n, resamples=4000))
    error = losses.std() / losses.mean() / np.sqrt(n)
    studentized = []
    for _ in range(4000):
        drawn = rng.choice(losses, n)
        studentized.append(np.log(drawn.mean() / losses.mean()) * drawn.mean() * np.sqrt(n) / drawn.std())
    high, low = np.quantile(studentized, [0.025, 0.975])
    assert found == pytest.approx(losses.mean() * np.exp([-low * error, -high * error]), rel=0.03)


def test_units_of_measure_scale_the_ends_and_groups_widen_them():
    losses = np.repeat(np.random.default_rng(0).exponential(size=30), 5)
    ones = np.ones(150)
    alone, scaled = log_ratio_ends([(losses, ones), (1000 * losses, ones)], draws(150))
    assert scaled == pytest.approx(np.multiply(1000, alone), rel=1e-5)
    (grouped,) = log_ratio_ends([(losses, ones)], draws(150, np.repeat(np.arange(30), 5)))
    assert grouped[1] - grouped[0] > 1.8 * (alone[1] - alone[0])


def test_no_loss_at_all_has_no_interval():
    assert np.isnan(log_ratio_ends([(np.zeros(9), np.ones(9))], draws(9))).all()
