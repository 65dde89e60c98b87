import pytest
import torch
from torch import nn
from torch.nn import functional

from groundwork.loss import MAE, MSE, Huber

OUTPUT = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
TARGET = 2 * torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
GAPS = TARGET.clone()
GAPS[0, 1] = GAPS[2] = torch.nan
LOSSES = [
    (MSE(), functional.mse_loss),
    (MAE(), functional.l1_loss),
    (Huber(0.7), lambda a, b: functional.huber_loss(a, b, delta=0.7)),
]


@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_the_mean_over_samples_is_torchs_loss(loss: nn.Module, reference) -> None:
    torch.testing.assert_close(loss(OUTPUT, TARGET, None).mean(), reference(OUTPUT, TARGET))
    assert loss(OUTPUT, TARGET, None).shape == (6,)


@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_missing_targets_do_not_count(loss: nn.Module, reference) -> None:
    got = loss(OUTPUT, GAPS, None)
    assert got[0] == pytest.approx(float(reference(OUTPUT[0, [0, 2]], GAPS[0, [0, 2]])))
    assert got[1] == pytest.approx(float(reference(OUTPUT[1], GAPS[1])))
    assert got[2] == 0


@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_missing_targets_have_no_gradient(loss: nn.Module, reference) -> None:
    output = OUTPUT.clone().requires_grad_()
    loss(output, GAPS, None).sum().backward()
    assert torch.equal(output.grad == 0, torch.isnan(GAPS))


def test_huber_is_quadratic_near_zero_and_linear_beyond() -> None:
    error = torch.tensor([[0.5], [2.0], [-3.0]])
    assert Huber(1.0)(error, torch.zeros(3, 1)).tolist() == [0.125, 1.5, 2.5]


def test_weights_multiply_each_sample() -> None:
    weight = torch.arange(6.0)
    torch.testing.assert_close(MSE()(OUTPUT, TARGET, weight), weight * MSE()(OUTPUT, TARGET))


@pytest.mark.parametrize("loss", [MSE(), MAE(), Huber(1.0)])
@pytest.mark.parametrize("target", [torch.zeros(6), torch.zeros(6, 1), torch.zeros(1, 3)])
def test_shapes_never_broadcast_in_silence(loss: nn.Module, target: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="of one shape, but got"):
        loss(OUTPUT, target)
