import math

import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.model import TimmBackbone, initialize


@pytest.mark.parametrize(
    ("method", "std"),
    [
        ("kaiming_normal", math.sqrt(2 / 300)),
        ("kaiming_uniform", math.sqrt(2 / 300)),
        ("xavier_normal", math.sqrt(2 / (300 + 200))),
        ("xavier_uniform", math.sqrt(2 / (300 + 200))),
        ("orthogonal", math.sqrt(1 / 300)),
        ("truncated_normal", 0.02),
    ],
)
def test_weights_have_the_spread_of_the_formula(method: str, std: float) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(300, 200)
    initialize(layer, method)
    assert float(layer.weight.detach().std()) == pytest.approx(std, rel=0.02)
    assert not layer.bias.any()


def test_default_keeps_what_the_layers_drew() -> None:
    layer = nn.Linear(3, 2)
    before = layer.weight.clone()
    initialize(layer, "default")
    assert torch.equal(layer.weight, before)


def test_convolutions_of_a_backbone_are_drawn() -> None:
    backbone = TimmBackbone("test_resnet", False, 3, 64, 0.0, "orthogonal")
    kernel = backbone.model.layer1[0].conv1.weight.flatten(1)
    gram = kernel @ kernel.T
    torch.testing.assert_close(gram, torch.eye(len(gram)), rtol=0, atol=1e-4)


def test_an_unknown_method_names_the_choices() -> None:
    with pytest.raises(UserError, match=r"model\.init must be one of default, kaiming_normal"):
        initialize(nn.Linear(1, 1), "zeros")
