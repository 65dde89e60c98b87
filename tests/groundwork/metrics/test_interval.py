import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from groundwork.metrics.interval import corrected_shares, quantiles


def test_quantiles_are_numpys_over_what_is_defined():
    table = np.random.default_rng(0).normal(size=(3, 40))
    table[1, ::3] = np.nan
    table[2] = np.nan
    found = quantiles(table, np.tile([0.025, 0.5, 0.975], (3, 1)))
    assert found.T[:2] == pytest.approx(np.nanquantile(table[:2], [0.025, 0.5, 0.975], axis=1).T)
    assert np.isnan(found[:, 2]).all()


def test_the_ends_are_those_of_scipys_bca_on_a_skewed_mean():
    sample = np.random.default_rng(1).exponential(size=400)
    drawn = np.random.default_rng(2).choice(sample, (8000, 400)).mean(axis=1)
    left_out = (sample.sum() - sample) / 399
    shares = corrected_shares(np.array([sample.mean()]), drawn[None], left_out[None], 400, 0.95)
    low, high = quantiles(drawn[None], shares)[:, 0]
    reference = scipy_bootstrap((sample,), np.mean, n_resamples=8000, method="BCa", rng=3).confidence_interval
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=0.006)
    plain = np.quantile(drawn, [0.025, 0.975])
    assert low > plain[0]
    assert high > plain[1]


def test_fewer_than_two_units_have_no_interval():
    assert np.isnan(corrected_shares(np.ones(1), np.ones((1, 5)), np.ones((1, 1)), 1, 0.95)).all()
