import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from groundwork.loss import BinaryCrossEntropy


def test_it_is_the_mean_over_the_labels_that_are_known_with_torchs_pos_weight():
    output = torch.tensor([[0.3, -2.0, 1.0], [4.0, 0.1, -0.5]], requires_grad=True)
    target = torch.tensor([[1.0, 0.0, torch.nan], [0.0, 1.0, 1.0]])
    weight = [3.0, 1.0, 0.5]
    each = binary_cross_entropy_with_logits(
        output, target.nan_to_num(), pos_weight=torch.tensor(weight), reduction="none"
    )
    found = BinaryCrossEntropy(weight)(output, target)
    torch.testing.assert_close(found, torch.stack([each[0, :2].mean(), each[1].mean()]))
    found.sum().backward()
    assert output.grad[0, 2] == 0
    assert torch.isfinite(output.grad).all()


def test_a_sample_without_any_label_costs_nothing_and_weights_count():
    target = torch.tensor([[torch.nan, torch.nan], [1.0, 0.0]])
    found = BinaryCrossEntropy()(torch.zeros(2, 2), target, torch.tensor([1.0, 2.0]))
    assert found.tolist() == pytest.approx([0.0, 2 * np.log(2)])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        BinaryCrossEntropy()(torch.zeros(2, 3), torch.zeros(2, 2))
