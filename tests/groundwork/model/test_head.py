import math

import pytest
import torch

from groundwork.core.errors import UserError
from groundwork.loss import MSE, CrossEntropy
from groundwork.model import ClassificationHead, RegressionHead


def regression(center: list[float], scale: list[float], **options: object) -> RegressionHead:
    given = {"activation": "none", "bounds": None, "dropout": 0.0, "decision": "value"} | options
    return RegressionHead(4, len(center), center, scale, **given)  # type: ignore[arg-type]


def test_the_first_loss_of_a_classifier_is_log_k() -> None:
    features = torch.randn(10, 4)
    loss = CrossEntropy(0.0, None)(ClassificationHead(4, 7, 0.0)(features), torch.arange(10) % 7, None)
    torch.testing.assert_close(loss, torch.full((10,), math.log(7)))


@pytest.mark.parametrize(
    "options",
    [{}, {"activation": "softplus"}, {"activation": "sigmoid", "bounds": [0.0, 50.0]}],
    ids=["none", "softplus", "sigmoid"],
)
def test_the_first_loss_of_a_regressor_is_the_scaled_variance(options: dict[str, object]) -> None:
    target = torch.rand(1000, 2, dtype=torch.float64) * torch.tensor([10.0, 40.0])
    center, scale = target.mean(0).tolist(), target.std(0, correction=0).tolist()
    head = regression(center, scale, **options)
    loss = MSE()(head(torch.randn(1000, 4)), head.scale_target(target.float()), None)
    assert float(loss.mean().detach()) == pytest.approx(1.0, abs=1e-4)
    torch.testing.assert_close(head.decode(head(torch.randn(1, 4)))[0].tolist(), center, rtol=1e-5, atol=0)


def test_scaling_and_decoding_are_inverse_and_keep_gaps() -> None:
    head = regression([3.0, -1.0], [2.0, 0.5])
    target = torch.tensor([[1.0, torch.nan], [7.0, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(head.decode(head.scale_target(target)), target, equal_nan=True)


@pytest.mark.parametrize(
    "options", [{}, {"activation": "softplus"}, {"activation": "sigmoid", "bounds": [1.6e9, 1.8e9]}]
)
def test_large_targets_keep_their_digits(options: dict[str, object]) -> None:
    center, scale = 1_700_000_000.25, 30.5
    head = regression([center], [scale], **options)
    assert head(torch.zeros(1, 4)).dtype == torch.float32
    assert float(head.decode(head(torch.zeros(1, 4))).detach()) == pytest.approx(center, abs=1e-3, rel=0)
    target = torch.tensor([[center + 12.5]], dtype=torch.float64)
    scaled = head.scale_target(target)
    assert scaled.dtype == torch.float32
    assert float(head.decode(scaled)) == pytest.approx(center + 12.5, abs=1e-5, rel=0)


def trained(head: RegressionHead, size: float) -> torch.Tensor:
    """Predictions of a head with large weights."""
    torch.nn.init.constant_(head.linear.weight, size)
    return head.decode(head(torch.tensor([[-9.0] * 4, [0.0] * 4, [9.0] * 4]))).detach()


def test_an_unbounded_head_leaves_the_range_of_the_targets() -> None:
    low, _, high = trained(regression([0.5], [0.1]), 10.0).flatten().tolist()
    assert low < 0
    assert high > 1


def test_softplus_predicts_positive_values_linear_far_up() -> None:
    low, middle, high = trained(regression([2.0], [4.0], activation="softplus"), 1.0).flatten().tolist()
    assert 0 <= low < 1e-4
    assert middle == pytest.approx(2.0, rel=1e-5)
    # 4 log(1 + exp(36 + a)), with a = log(exp(2 / 4) - 1)
    assert high == pytest.approx(4 * (36 + math.log(math.expm1(0.5))), rel=1e-5)


def test_sigmoid_stays_between_its_bounds() -> None:
    head = regression([2.0], [4.0], activation="sigmoid", bounds=[-1.0, 5.0])
    low, middle, high = trained(head, 10.0).flatten().tolist()
    assert (low, high) == (pytest.approx(-1.0), pytest.approx(5.0))
    assert middle == pytest.approx(2.0)


def test_rounding_predicts_whole_numbers_and_leaves_the_loss_alone() -> None:
    head = regression([2.4], [1.0], decision="round")
    output = head(torch.zeros(1, 4))
    assert output.item() == 0.0
    assert head.decode(output).item() == 2.0


def test_probabilities_sum_to_one_and_keep_the_order_of_logits() -> None:
    logits = torch.tensor([[2.0, 0.0, -1.0], [100.0, 99.0, 0.0]])
    prob = ClassificationHead(4, 3, 0.0).decode(logits)
    torch.testing.assert_close(prob.sum(1), torch.ones(2))
    torch.testing.assert_close(prob[0], torch.tensor([0.8437947, 0.1141952, 0.0420101]))


def test_dropout_acts_while_training_only() -> None:
    head = ClassificationHead(997, 1, 0.5)
    torch.nn.init.ones_(head.linear.weight)
    torch.manual_seed(0)
    assert head.train()(torch.ones(1, 997)).item() == pytest.approx(997, rel=0.2)
    assert head(torch.ones(1, 997)).item() % 2 == 0  # 997 is odd, doubled ones are not
    assert head.eval()(torch.ones(1, 997)).item() == 997


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "task.activation must be one of none, softplus, sigmoid, but got relu"),
        ({"activation": "sigmoid"}, r"task.bounds must be \[low, high\]"),
        ({"activation": "sigmoid", "bounds": [1.0, 1.0]}, r"task.bounds must be \[low, high\]"),
        ({"decision": "floor"}, "task.decision must be one of value, round, but got floor"),
        (
            {"activation": "softplus", "bounds": [0.0, 1.0]},
            "task.bounds must come with task.activation=none or sigmoid, but got softplus",
        ),
        ({"bounds": [1.0, 0.0]}, r"task.bounds must be \[low, high\] for task.activation=none"),
    ],
)
def test_a_wrong_range_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        regression([0.0], [1.0], **options)


def test_bounds_without_activation_cut_predictions_and_leave_the_loss_alone() -> None:
    head = regression([0.5], [0.1], bounds=[0.0, 1.0])
    assert trained(head, 10.0).flatten().tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert head(torch.full((1, 4), 9.0)).item() == pytest.approx(360.0)
