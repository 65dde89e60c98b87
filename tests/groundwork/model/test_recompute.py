"""Activations that are computed again: the same gradients and statistics from less memory."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from groundwork.model import (
    ClassificationHead,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
    recompute_activations,
)

IMAGES = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def network_of(name: str, stages: tuple[int, ...]) -> Network:
    torch.manual_seed(0)
    backbone = TimmBackbone(name, False, 3, 64, 0.0, "default")
    stages = tuple(stage % backbone.num_stages for stage in stages)
    backbone.prune(max(stages))
    pool = StagePool(stages, ("mean",))
    head = ClassificationHead(pool.num_features(backbone.channels, backbone.spatial), 3, 0.0)
    nn.init.normal_(head.linear.weight)
    return Network(ImageNormalize([0.5], [0.5], 3), backbone, pool, head).train()


def step(network: Network) -> tuple[dict[str, Tensor], dict[str, Tensor], int]:
    """Run forward and back; give gradients, buffers and the bytes that were kept in between, each once."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = network(IMAGES).square().mean()
    known = {parameter.data_ptr() for parameter in network.parameters()}
    size = sum(number for place, number in kept.items() if place not in known)
    loss.backward()
    gradients = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    return gradients, dict(network.named_buffers()), size


@pytest.mark.parametrize("stages", [(-1,), (1, 2)], ids=["last", "cut"])
@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_vit", "test_convnext"])
def test_gradients_and_statistics_are_the_same_and_less_is_kept(name: str, stages: tuple[int, ...]):
    plain = network_of(name, stages)
    saving = deepcopy(plain)
    assert all(recompute_activations(saving.backbone) for _ in range(2))  # as two phases ask
    gradients, buffers, size = step(plain)
    again, buffers_again, smaller = step(saving)
    assert gradients.keys() == again.keys()
    for key, value in gradients.items():
        torch.testing.assert_close(again[key], value, rtol=1e-6, atol=0)
    for key, value in buffers.items():
        assert torch.equal(buffers_again[key], value), key
    assert smaller < 0.85 * size  # the stem, which is no block, weighs most in networks this small


def test_frozen_stages_stay_as_they_are():
    network = network_of("test_resnet", (-1,)).train_stages([3, 4], "adapt").train()
    assert recompute_activations(network.backbone)
    state, owner = network.state_dict(), network.parameter_stages()
    before = {name: state[name].clone() for name, stage in owner.items() if stage < 3}
    gradients, _, _ = step(network)
    assert {owner[name] for name in gradients} == {3, 4, 5}
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())


def test_a_backbone_that_cannot_says_so():
    assert not recompute_activations(nn.Linear(2, 2))

    class Cannot(nn.Module):
        def set_grad_checkpointing(self, enable: bool = True) -> None:
            assert not enable, "gradient checkpointing not supported"

    assert not recompute_activations(Cannot())
