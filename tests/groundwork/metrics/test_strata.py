import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binomtest

from groundwork.metrics.strata import binomial_spread, f1_spread, mean_share_ends, worst_case, worst_case_ends


def test_one_class_is_wilson():
    low, high = worst_case_ends(np.array([0.7]), np.array([20.0]), np.ones(1), binomial_spread, 0.95)
    expected = binomtest(14, 20).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-3)


@pytest.mark.parametrize("spread", [binomial_spread, f1_spread])
def test_the_table_holds_the_largest_variance_of_each_mean(spread):
    trials, weight = np.array([2.0, 5.0, 40.0]), np.array([0.5, 0.3, 0.2])
    mean, variance = worst_case(trials, weight, spread)
    for t in (0.15, 0.5, 0.8):
        best = minimize(
            lambda p: -(weight**2 * spread(p) / trials).sum(),
            np.full(3, t),
            bounds=[(0, 1)] * 3,
            constraints={"type": "eq", "fun": lambda p, t=t: (weight * p).sum() - t},
        )
        assert np.interp(t, mean, variance) == pytest.approx(-best.fun, rel=0.02)


def test_two_classes_with_a_tiny_one_join_the_exact_intervals():
    exact = [binomtest(*pair).proportion_ci() for pair in ((1, 2), (30, 40))]
    low, high = mean_share_ends(np.array([0.5, 0.75]), np.array([2.0, 40.0]), 0.95)
    down = np.hypot(0.5 - exact[0].low, 0.75 - exact[1].low) / 2
    up = np.hypot(exact[0].high - 0.5, exact[1].high - 0.75) / 2
    assert (float(low), float(high)) == pytest.approx((0.625 - down, 0.625 + up))


def test_many_tiny_classes_are_covered():
    rng, inside = np.random.default_rng(0), 0
    for _ in range(150):
        truth = rng.beta(2, 2, 50)
        trials = np.full(50, 2.0)
        low, high = mean_share_ends(rng.binomial(2, truth) / 2, trials, 0.95)
        inside += low <= truth.mean() <= high
    assert inside >= 0.92 * 150
