import numpy as np
import pytest
import torch
from scipy.linalg import helmert
from scipy.optimize import minimize
from sklearn.preprocessing import StandardScaler

from groundwork.transfer.logme import logme


def _largest_evidence(features: np.ndarray, values: np.ndarray) -> float:
    # Rows of Helmert's matrix span the directions that centering leaves.
    axes = helmert(len(features))
    rows, values = axes @ StandardScaler().fit_transform(features), axes @ values

    def negative(logs: np.ndarray) -> float:
        covariance = np.eye(len(rows)) * np.exp(-logs[1]) + rows @ rows.T * np.exp(-logs[0])
        determinant = np.linalg.slogdet(2 * np.pi * covariance)[1]
        return 0.5 * (determinant + values @ np.linalg.solve(covariance, values)) / len(rows)

    starts = [(a, b) for a in (-2.0, 2.0, 5.0) for b in (-1.0, 2.0)]
    return -min(minimize(negative, start, method="Nelder-Mead").fun for start in starts)


@pytest.mark.parametrize("num_columns", [4, 40])
def test_the_evidence_is_the_largest_of_a_direct_computation(num_columns: int):
    rng = np.random.default_rng(0)
    features = rng.normal(1, rng.uniform(0.5, 3, num_columns), (25, num_columns))
    values = features[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(25, 2))
    scaled = StandardScaler().fit_transform(values)
    expected = np.mean([_largest_evidence(features, column) for column in scaled.T])
    assert logme(torch.tensor(features), torch.tensor(values), 0) == pytest.approx(expected, abs=1e-4)


def test_classes_count_as_indicators():
    rng = np.random.default_rng(1)
    target = rng.integers(0, 3, 30)
    features = rng.normal(size=(30, 3)) + np.eye(3)[target]
    indicators = np.eye(3)[target] - np.eye(3)[target].mean(0)
    expected = np.mean([_largest_evidence(features, column) for column in indicators.T])
    assert logme(torch.tensor(features), torch.tensor(target), 3) == pytest.approx(expected, abs=1e-4)


def test_features_that_know_more_have_more_evidence():
    rng = np.random.default_rng(2)
    target = torch.tensor(rng.integers(0, 2, 200))
    noise = torch.tensor(rng.normal(size=(200, 5)))
    scores = [logme(noise + strength * target[:, None], target, 2) for strength in (0.0, 0.5, 2.0)]
    assert scores == sorted(scores)
