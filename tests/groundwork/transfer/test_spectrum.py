import numpy as np
import torch
from sklearn.preprocessing import StandardScaler

from groundwork.transfer.spectrum import decompose, standardize


def _features(num_rows: int, num_columns: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.normal(3, rng.uniform(0.1, 9, num_columns), (num_rows, num_columns))).float()


def test_standardization_agrees_with_scikit_learn():
    features = _features(50, 7)
    rows, center, scale = standardize(features)
    scaler = StandardScaler().fit(features.double().numpy())
    np.testing.assert_allclose(rows, scaler.transform(features.double().numpy()), atol=1e-6)
    np.testing.assert_allclose(center, scaler.mean_, rtol=1e-6)
    np.testing.assert_allclose(scale, scaler.scale_, rtol=1e-6)


def test_a_constant_feature_stays_zero():
    features = _features(20, 3)
    features[:, 1] = 0.1
    rows, _, scale = standardize(features)
    assert scale[1] == 1
    np.testing.assert_allclose(rows[:, 1], 0, atol=1e-6)


def test_axes_are_orthonormal_and_keep_every_distance():
    for num_rows, num_columns in ((60, 8), (20, 90)):
        features = _features(num_rows, num_columns)
        spectrum = decompose(features)
        rows, _, _ = standardize(features)
        rank = spectrum.basis.shape[1]
        assert rank == min(num_rows - 1, num_columns)
        np.testing.assert_allclose(spectrum.basis.T @ spectrum.basis, np.eye(rank), atol=1e-9)
        np.testing.assert_allclose(spectrum.scores @ spectrum.scores.T, rows @ rows.T, atol=1e-8)


def test_a_folded_head_gives_the_same_outputs_on_raw_features():
    features = _features(40, 5)
    spectrum = decompose(features)
    weight, bias = torch.randn(3, 5, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    expected = spectrum.scores @ weight.T + bias
    np.testing.assert_allclose(spectrum.fold(weight, bias)(features), expected, atol=1e-5)
