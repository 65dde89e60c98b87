import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from groundwork.transfer import solve_ridge


def _data(num_rows: int, num_columns: int, num_targets: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    features = rng.normal(2, rng.uniform(0.2, 5, num_columns), (num_rows, num_columns)).astype(np.float32)
    target = features[:, :1] * rng.normal(size=num_targets) + rng.normal(size=(num_rows, num_targets)) + 7
    return features, target.astype(np.float32)


@pytest.mark.parametrize(("num_rows", "num_columns"), [(80, 6), (30, 70)])
def test_coefficients_agree_with_scikit_learn(num_rows: int, num_columns: int):
    features, target = _data(num_rows, num_columns, 3)
    strengths = [100.0, 0.1, 3.0]
    scaler = StandardScaler().fit(features.astype(np.float64))
    for strength, head in zip(
        strengths, solve_ridge(torch.tensor(features), torch.tensor(target), strengths), strict=True
    ):
        reference = Ridge(alpha=strength).fit(scaler.transform(features.astype(np.float64)), target)
        np.testing.assert_allclose(head.weight.numpy() * scaler.scale_, reference.coef_, atol=1e-5)
        np.testing.assert_allclose(
            head(torch.tensor(features)), reference.predict(scaler.transform(features)), atol=1e-4
        )


def test_missing_targets_are_left_out_of_their_column_alone():
    features, target = _data(60, 4, 2)
    target[::3, 1] = np.nan
    head = solve_ridge(torch.tensor(features), torch.tensor(target), [2.0])[0]
    for column in range(2):
        known = ~np.isnan(target[:, column])
        alone = solve_ridge(torch.tensor(features[known]), torch.tensor(target[known][:, [column]]), [2.0])[0]
        np.testing.assert_allclose(head.weight[column], alone.weight[0], rtol=1e-5)
        np.testing.assert_allclose(head.bias[column], alone.bias[0], rtol=1e-5)


def test_a_line_by_hand():
    # x = -1, 0, 1 has standard deviation sqrt(2/3); slope = sum(xy) / (sum(x^2) + strength * 2/3) = 4 / 4.
    features, target = torch.tensor([[-1.0], [0.0], [1.0]]), torch.tensor([[1.0], [3.0], [5.0]])
    head = solve_ridge(features, target, [3.0])[0]
    assert head.weight.item() == pytest.approx(1.0)
    assert head.bias.item() == pytest.approx(3.0)


def test_flat_targets_are_refused():
    with pytest.raises(ValueError, match=r"shape \(N, T\)"):
        solve_ridge(torch.zeros(3, 1), torch.zeros(3), [1.0])
