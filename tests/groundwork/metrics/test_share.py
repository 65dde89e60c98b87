import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binomtest, norm

from groundwork.metrics.share import (
    Ends,
    auroc_ends,
    clopper_pearson,
    f1_ends,
    mover_ends,
    share_ends,
    wilson,
)

Z = norm.ppf(0.975)


@pytest.mark.parametrize(("hits", "trials"), [(0, 20), (3, 20), (20, 20), (1, 1), (7, 400)])
def test_wilson_and_clopper_pearson_are_scipys(hits, trials):
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        found = ours(hits, trials, 0.95)
        expected = binomtest(hits, trials).proportion_ci(0.95, method)
        assert (float(found.low), float(found.high)) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_few_trials_take_the_exact_interval_and_none_have_none():
    low, high = share_ends(np.array([4, 5, 0]), np.array([9, 10, 0]), 0.95)
    exact, score = binomtest(4, 9).proportion_ci(), binomtest(5, 10).proportion_ci(method="wilson")
    assert low[:2] == pytest.approx([exact.low, score.low])
    assert high[:2] == pytest.approx([exact.high, score.high])
    assert np.isnan([low[2], high[2]]).all()


def test_f1_goes_through_the_share_of_the_union():
    low, high = f1_ends(12, 20, 0.95)
    expected = binomtest(12, 20).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx(
        (2 * expected.low / (1 + expected.low), 2 * expected.high / (1 + expected.high))
    )


def test_auroc_solves_newcombes_equation():
    def variance(t, m, n):  # written out as in the paper
        star = (m + n) / 2 - 1
        return t * (1 - t) * (1 + star * (1 - t) / (2 - t) + star * t / (1 + t)) / (m * n)

    low, high = auroc_ends(0.8, 5, 60, 0.95)
    expected = [
        brentq(lambda t: abs(0.8 - t) - Z * np.sqrt(variance(t, 5, 60)), *bracket)
        for bracket in ((0.01, 0.8), (0.8, 0.99999))
    ]
    assert (float(low), float(high)) == pytest.approx(expected, abs=1e-6)


def test_the_ends_of_a_mean_lie_as_far_as_those_of_its_shares_squared_and_added():
    share, ends = np.array([0.2, 0.5, 0.9]), Ends(np.array([0.1, 0.3, 0.8]), np.array([0.4, 0.6, 0.95]))
    down = (0.1**2 + 0.2**2 + 0.1**2) ** 0.5 / 3
    up = (0.2**2 + 0.1**2 + 0.05**2) ** 0.5 / 3
    mean = 1.6 / 3
    assert mover_ends(share, ends).pair == pytest.approx((mean - down, mean + up))
    assert mover_ends(share, ends, effect=4.0).pair == pytest.approx((mean - 2 * down, mean + 2 * up))
