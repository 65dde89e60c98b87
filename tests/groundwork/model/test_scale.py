"""Another scale of the target: there and back, and means in original units."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from groundwork.core.errors import UserError
from groundwork.core.scaling import piecewise_linear
from groundwork.data import fit_target_scale
from groundwork.model import RegressionHead, TargetScale


def drawn(number: int = 400, sigma: float = 0.8) -> np.ndarray:
    return np.exp(np.random.default_rng(0).normal(2.0, sigma, (number, 1)))


@pytest.mark.parametrize("method", ["log", "quantile"])
def test_a_scale_leads_there_and_back(method: str) -> None:
    known = drawn()
    scale = TargetScale(fit_target_scale(known, method, ("y",)))
    target = torch.from_numpy(np.quantile(known, [0.02, 0.3, 0.9, 0.98])[:, None])
    assert torch.allclose(scale.inverse(scale(target)), target)
    assert torch.isnan(scale(torch.tensor([[float("nan")]])))


def test_a_logarithm_is_standardized_on_train() -> None:
    known = drawn()
    scale = TargetScale(fit_target_scale(known, "log", ("y",)))
    expected = (np.log(known) - np.log(known).mean()) / np.log(known).std()
    assert torch.allclose(scale(torch.from_numpy(known)), torch.from_numpy(expected))


def test_means_are_those_of_the_logarithmic_normal_distribution() -> None:
    known = drawn(20_000)
    scale = TargetScale(fit_target_scale(known, "log", ("y",)))
    middle = torch.full((len(known), 1), float(np.exp(2.0)), dtype=torch.float64)
    scale.learn_residuals(middle, torch.from_numpy(known))
    # The mean of exp(N(2, 0.8)) is exp(2 + 0.8^2 / 2), its median exp(2).
    assert float(scale.smeared(middle[:1])) == pytest.approx(np.exp(2.0 + 0.8**2 / 2), rel=0.02)


def test_zero_shifts_a_logarithm_and_less_than_zero_is_refused() -> None:
    assert fit_target_scale(np.array([[0.0], [3.0]]), "log", ("y",))["shift"] == [1.0]
    with pytest.raises(UserError, match="targets of at least 0, but 'y' has some below"):
        fit_target_scale(np.array([[-1.0], [3.0]]), "log", ("y",))


def test_a_later_target_below_all_of_train_stays_finite_and_predictions_keep_near_train() -> None:
    scale = TargetScale(fit_target_scale(drawn(), "log", ("y",)))
    assert torch.isfinite(scale(torch.tensor([[-5.0], [0.0]]))).all()
    assert float(scale.inverse(torch.tensor([[1e6]]))) < 3 * drawn().max()


def test_ranks_are_normal_scores() -> None:
    known = np.arange(1.0, 9602.0)[:, None]
    scale = TargetScale(fit_target_scale(known, "quantile", ("y",)))
    raw = scale(torch.tensor([[2401.0]], dtype=torch.float64)) * scale.scale + scale.center
    assert float(raw) == pytest.approx(norm.ppf(0.25), abs=1e-3)


def test_the_head_learns_on_the_scale_and_predicts_in_original_units() -> None:
    known = drawn()
    state = fit_target_scale(known, "log", ("y",))
    head = RegressionHead(2, 1, [9.0], [3.0], "none", None, 0.0, target_scale=state)
    assert float(head.decode(head(torch.zeros(1, 2))).detach()) == pytest.approx(np.exp(np.log(known).mean()))
    assert float(head.scale_target(torch.tensor([[np.exp(np.log(known).mean())]]))) == pytest.approx(
        0, abs=1e-6
    )


def test_straight_pieces_are_those_of_numpy() -> None:
    knots, heights = np.array([-1.0, 0.0, 4.0, 4.0]), np.array([2.0, -1.0, 5.0, 5.0])
    values = np.linspace(-3, 6, 50)
    found = piecewise_linear(
        *(torch.from_numpy(each) for each in (values[:, None], knots[None], heights[None]))
    )
    assert np.allclose(found[:, 0], np.interp(values, knots[:3], heights[:3]))
