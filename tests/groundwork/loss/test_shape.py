import pytest
import torch

from groundwork.loss import MSE, CrossEntropy

LOGITS = torch.zeros(4, 3)


@pytest.mark.parametrize(
    "target",
    [
        torch.zeros(4, 1, dtype=torch.int64),
        torch.zeros(3, dtype=torch.int64),
        torch.zeros(4),
        torch.zeros(4, 2),
        torch.zeros(4, 3, dtype=torch.int64),
    ],
    ids=["column", "other length", "float classes", "fewer classes", "whole one-hot"],
)
def test_classes_of_a_wrong_shape_or_type_are_refused(target: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"but got \(4, 3\) and"):
        CrossEntropy(0.0)(LOGITS, target)


def test_values_without_a_target_axis_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, T\)"):
        MSE()(torch.zeros(4), torch.zeros(4))


def test_weights_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"weight must be \(4,\), but got \(4, 1\)"):
        MSE()(torch.zeros(4, 1), torch.zeros(4, 1), torch.ones(4, 1))
