"""Heads of quantiles: where they start and end, their order, and that they cover what they were fitted to."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.linear_model import QuantileRegressor
from torch import Tensor

from groundwork.data import fit_target_scale
from groundwork.loss import Quantile
from groundwork.model import QuantileHead

LEVELS = [0.05, 0.5, 0.95]


def head(num_features: int = 1, num_targets: int = 1, **changes: Any) -> QuantileHead:
    given = {
        "center": [3.0] * num_targets,
        "scale": [2.0] * num_targets,
        "activation": "none",
        "bounds": None,
    }
    return QuantileHead(
        num_features, num_targets, **{**given, "dropout": 0.0, "quantiles": LEVELS, **changes}
    )


def planted(num: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw y = 1 + 2 x + (0.3 + x) e, whose quantiles are linear in x."""
    rng = np.random.default_rng(seed)
    x = rng.random((num, 1))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(
        1 + 2 * x + (0.3 + x) * rng.normal(size=x.shape)
    )


def fitted(x: Tensor, y: Tensor) -> QuantileHead:
    model, loss = head(center=[float(y.mean())], scale=[float(y.std())]), Quantile(LEVELS)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 400)
    target = model.scale_target(y)
    for _ in range(400):
        optimizer.zero_grad()
        loss(model(x), target).mean().backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def test_they_start_at_the_quantiles_of_a_normal_target():
    model = head(num_targets=2, center=[3.0, 0.0], scale=[2.0, 1.0])
    found = model.decode(model(torch.randn(4, 1))).detach()
    cut = norm.ppf(0.95)
    expected = [3, 0, 3 - 2 * cut, -cut, 3 + 2 * cut, cut]
    np.testing.assert_allclose(found.numpy(), np.tile(expected, (4, 1)), rtol=1e-6, atol=1e-7)
    assert found.dtype is torch.float64


def test_a_fit_covers_fresh_rows_where_errors_are_small_and_where_they_are_large():
    model, (x, y) = fitted(*planted(4000, 0)), planted(2000, 1)
    with torch.no_grad():
        median, low, high = model.decode(model(x)).T
    inside = ((low <= y[:, 0]) & (y[:, 0] <= high)).double()
    for rows in (slice(None), x[:, 0] < 0.5, x[:, 0] >= 0.5):
        share, number = float(inside[rows].mean()), len(inside[rows])
        assert abs(share - 0.9) < 3 * np.sqrt(0.09 / number)
    truth = 1 + 2 * x[:, 0]
    assert float((median - truth).abs().max()) < 0.1
    for end, level in ((low, 0.05), (high, 0.95)):
        assert float((end - truth - (0.3 + x[:, 0]) * norm.ppf(level)).abs().max()) < 0.3


def test_the_loss_of_a_fit_is_that_of_scikit_learns_exact_one():
    x, y = planted(400, 2)
    model = fitted(x, y)
    with torch.no_grad():
        found = model.decode(model(x))
    lines = [
        QuantileRegressor(quantile=q, alpha=0).fit(x.numpy(), y[:, 0].numpy()) for q in (0.5, 0.05, 0.95)
    ]
    exact = torch.tensor(np.stack([line.predict(x.numpy()) for line in lines], axis=1))
    losses = [float(Quantile(LEVELS)(each, y.float()).mean()) for each in (found, exact)]
    assert losses[1] <= losses[0] + 1e-6 < 1.002 * losses[1]


def test_crossed_lines_are_sorted_each_target_by_itself():
    output = torch.tensor([[0.0, 5.0, 2.0, 4.0, -1.0, 6.0]])  # (median, 0.05, 0.95) of two targets
    found = head(num_targets=2, center=[0.0, 0.0], scale=[1.0, 10.0]).decode(output)
    assert found.tolist() == [[0.0, 50.0, -1.0, 40.0, 2.0, 60.0]]
    values = torch.tensor([[1.0, 2.0]])  # of a head that was solved
    assert head(num_targets=2, scale=[1.0, 10.0]).decode(values).tolist() == [[4.0, 23.0]]


@pytest.mark.parametrize("method", ["log", "quantile"])
def test_quantiles_on_another_scale_are_those_of_the_target(method: Any):
    target = np.exp(np.random.default_rng(0).normal(size=(400, 2)))
    model = head(num_targets=2, target_scale=fit_target_scale(target, method, ("a", "b")))
    rows = torch.from_numpy(target)
    levels = torch.quantile(
        model.scale_target(rows).double(), torch.tensor([0.5, 0.05, 0.95]).double(), dim=0
    )
    found = model.decode(levels.flatten()[None].float()).detach().numpy().reshape(3, 2)
    np.testing.assert_allclose(found, np.quantile(target, [0.5, 0.05, 0.95], axis=0), rtol=0.02)


def test_activations_rounding_and_networks_side_by_side():
    model = head(2, num_members=2, activation="softplus", decision="round")
    apart = model.train()(torch.randn(5, 2))
    assert apart.shape == (5, 2, 3)
    found = model.eval().decode(model(torch.randn(5, 2))).detach()
    assert found.shape == (5, 3)
    assert (found >= 0).all()
    assert torch.equal(found, found.round())
