"""The loss of loss.py lies between cross-entropy and absolute error."""

import pytest
import torch
from torch.nn import functional

from project.loss import GeneralizedCrossEntropy

OUTPUT, TARGET = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]]), torch.tensor([0, 2])


def test_a_small_q_is_cross_entropy():
    expected = functional.cross_entropy(OUTPUT, TARGET, reduction="none")
    torch.testing.assert_close(
        GeneralizedCrossEntropy(1e-4)(OUTPUT, TARGET, None), expected, rtol=1e-3, atol=0
    )


def test_a_q_of_one_is_the_probability_that_is_missing():
    expected = 1 - OUTPUT.softmax(dim=1)[[0, 1], TARGET]
    torch.testing.assert_close(GeneralizedCrossEntropy(1.0)(OUTPUT, TARGET, None), expected)


def test_weights_multiply():
    loss, weight = GeneralizedCrossEntropy(0.5), torch.tensor([1.0, 3.0])
    torch.testing.assert_close(loss(OUTPUT, TARGET, weight), weight * loss(OUTPUT, TARGET, None))


@pytest.mark.parametrize("q", [0.0, 1.1, float("nan")])
def test_a_q_out_of_range_is_refused(q: float):
    with pytest.raises(ValueError, match=r"q must be in \(0, 1\]"):
        GeneralizedCrossEntropy(q)
