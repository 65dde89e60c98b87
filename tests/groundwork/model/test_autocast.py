"""A backbone in a lower precision, a head in float32."""

from contextlib import suppress

import pytest
import torch
from torch import Tensor, nn

from groundwork.model import (
    ClassificationHead,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
    evaluating,
    predict_batch,
)

IMAGES = torch.randint(0, 256, (6, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", False, 3, 64, 0.0, "default")
    last = backbone.num_stages - 1
    head = ClassificationHead(backbone.channels[-1], 3, 0.0)
    nn.init.normal_(head.linear.weight)
    return Network(ImageNormalize([0.5], [0.5], 3), backbone, StagePool((last,), ("mean",)), head).eval()


@torch.inference_mode()
def test_in_float32_the_prediction_is_that_of_the_network(network: Network):
    expected = network.decode(network(IMAGES))
    assert torch.equal(predict_batch(network, IMAGES, torch.float32), expected)


@torch.inference_mode()
def test_below_float32_the_backbone_rounds_and_the_head_does_not(network: Network):
    seen: dict[str, Tensor] = {}
    network.head.register_forward_pre_hook(lambda _, args: seen.update(features=args[0]))
    network.head.register_forward_hook(lambda _, __, output: seen.update(output=output))
    network.backbone.register_forward_hook(lambda _, __, stages: seen.update(stage=stages[0]))
    found = predict_batch(network, IMAGES, torch.bfloat16)
    dtypes = {name: tensor.dtype for name, tensor in seen.items()}
    assert dtypes == {"features": torch.float32, "output": torch.float32, "stage": torch.bfloat16}
    exact = predict_batch(network, IMAGES, torch.float32)
    assert found.dtype == torch.float32
    assert 0 < float((found - exact).abs().max()) < 0.02


def test_each_part_gets_its_own_mode_back_also_after_an_error(network: Network):
    network.train().freeze(2)
    before = [part.training for part in network.modules()]
    assert True in before
    assert False in before
    with evaluating(network):
        assert not any(part.training for part in network.modules())
    assert [part.training for part in network.modules()] == before
    with suppress(ValueError), evaluating(network):
        raise ValueError
    assert [part.training for part in network.modules()] == before
