import pytest
import torch
from torch.nn import functional

from groundwork.loss import CrossEntropy, Focal

LOGITS = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
CLASSES = torch.tensor([0, 1, 2, 2, 1, 0, 0, 2])
SOFT = torch.randn(8, 3, generator=torch.Generator().manual_seed(1)).softmax(1)
WEIGHTS = [0.5, 2.0, 1.25]


def by_hand(target: torch.Tensor, smoothing: float, weights: list[float]) -> list[float]:
    log_probs = (LOGITS.double() - LOGITS.double().logsumexp(1, keepdim=True)).tolist()
    share = functional.one_hot(target, 3) if target.ndim == 1 else target
    smooth = ((1 - smoothing) * share.double() + smoothing / 3).tolist()
    return [
        -sum(weights[k] * smooth[row][k] * log_probs[row][k] for k in range(3)) for row in range(len(LOGITS))
    ]


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["classes", "probabilities"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy_is_its_formula(
    target: torch.Tensor, smoothing: float, weights: list[float] | None
) -> None:
    loss = CrossEntropy(smoothing, weights)(LOGITS, target, None)
    expected = by_hand(target, smoothing, weights or [1.0, 1.0, 1.0])
    torch.testing.assert_close(loss.tolist(), expected, rtol=1e-5, atol=1e-6)


def test_smoothing_keeps_a_sure_prediction_from_being_free() -> None:
    sure = torch.tensor([[100.0, 0.0]])
    target = torch.tensor([0])
    assert CrossEntropy(0.0)(sure, target).item() == 0
    assert CrossEntropy(0.2)(sure, target).item() == pytest.approx(0.1 * 100)


def test_focal_without_gamma_is_cross_entropy() -> None:
    for target in (CLASSES, SOFT):
        torch.testing.assert_close(
            Focal(0.0, WEIGHTS)(LOGITS, target), CrossEntropy(0.0, WEIGHTS)(LOGITS, target)
        )


def test_focal_counts_easy_samples_less() -> None:
    loss = Focal(2.0)(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 0]))
    # (1 - 1/2)^2 log 2, and (1 - p)^2 log 1/p with p = 1 / (1 + exp(-2))
    torch.testing.assert_close(loss.tolist(), [0.25 * 0.6931472, 0.1192029**2 * 0.1269280], rtol=1e-5, atol=0)


def test_focal_has_a_gradient_at_a_perfect_prediction() -> None:
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    Focal(0.5)(logits, torch.tensor([0])).sum().backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("loss", [CrossEntropy(0.0), Focal(2.0)])
def test_weights_multiply_each_sample(loss: torch.nn.Module) -> None:
    weight = torch.arange(8.0)
    torch.testing.assert_close(loss(LOGITS, CLASSES, weight), weight * loss(LOGITS, CLASSES))


def test_class_weights_travel_with_the_state() -> None:
    assert CrossEntropy(0.0, WEIGHTS).state_dict()["class_weights"].tolist() == WEIGHTS
    assert not CrossEntropy(0.0).state_dict()


def test_lower_precision_is_summed_in_float32() -> None:
    loss = CrossEntropy(0.0)(LOGITS.bfloat16(), CLASSES)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, CrossEntropy(0.0)(LOGITS.bfloat16().float(), CLASSES))
