"""Low-rank adapters: their formula, what trains, what a checkpoint holds, and that merging changes no output."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.model import (
    ClassificationHead,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
    adapt,
    merge,
)
from groundwork.model.adapters import LowRank, adapter_parameters, is_adapter

FAMILIES = ["test_resnet", "test_efficientnet", "test_vit", "test_convnext", "mobilenetv3_small_050"]
IMAGES = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def plain(name: str = "test_vit", seed: int = 0) -> Network:
    torch.manual_seed(seed)
    backbone = TimmBackbone(name, False, 3, 64, 0.0, "default")
    pool = StagePool((backbone.num_stages - 1,), ("mean",))
    head = ClassificationHead(pool.num_features(backbone.channels, backbone.spatial), 3, 0.0)
    nn.init.normal_(head.linear.weight)
    return Network(ImageNormalize(backbone.mean, backbone.std, 3), backbone, pool, head)


def trained(name: str) -> tuple[Network, dict[str, torch.Tensor]]:
    """Give an adapted network after three steps, and its base before them."""
    network = plain(name)
    before = {key: value.clone() for key, value in network.backbone.state_dict().items()}
    adapt(network, 4, 8.0).train_stages((), "frozen", adapters=True).train()
    optimizer = torch.optim.AdamW(network.trainable_parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(IMAGES), torch.arange(4) % 3).backward()
        optimizer.step()
    return network, before


@pytest.mark.parametrize("name", FAMILIES)
def test_the_adapters_move_the_base_keeps_every_bit_and_merging_changes_no_output(name: str):
    network, before = trained(name)
    after = {key.replace(".parametrizations.weight.original", ".weight"): value
             for key, value in network.backbone.state_dict().items() if not is_adapter(key)}  # fmt: skip
    assert after.keys() == before.keys()
    assert all(torch.equal(value, before[key]) for key, value in after.items())
    # B starts at 0; a branch that BatchNorm scales by 0 gives some of them no gradient
    assert any(bool(value.any()) for key, value in adapter_parameters(network) if key.endswith("B"))
    network.eval()
    with torch.no_grad():
        expected, parameters = network(IMAGES), sum(value.numel() for _, value in adapter_parameters(network))
        merge(network)
        assert network.backbone.state_dict().keys() == before.keys()
        torch.testing.assert_close(network(IMAGES), expected, rtol=1e-5, atol=1e-5)
    network.train_stages((), "frozen")
    assert network.describe()["trainable_parameters"] == parameters + 3 * (
        network.head.linear.in_features + 1
    )


def test_an_adapter_adds_alpha_by_rank_times_what_two_narrow_layers_give():
    # as peft 0.21 computes it, which is not among the test's packages: it takes six seconds to import
    torch.manual_seed(0)
    linear, conv = nn.Linear(6, 5), nn.Conv2d(5, 7, 1)
    rows, maps = torch.randn(3, 6), torch.randn(3, 5, 4, 4)
    for layer, inputs in ((linear, rows), (conv, maps)):
        one = LowRank(layer.weight, 2, 6.0)
        assert torch.equal(one(layer.weight), layer.weight)
        nn.init.normal_(one.lora_B)
        if layer is linear:
            expected = layer(inputs) + 6 / 2 * (inputs @ one.lora_A.T) @ one.lora_B.T
            adapted = nn.functional.linear(inputs, one(layer.weight), layer.bias)
        else:
            narrow = nn.functional.conv2d(inputs, one.lora_A[:, :, None, None])
            expected = layer(inputs) + 6 / 2 * nn.functional.conv2d(narrow, one.lora_B[:, :, None, None])
            adapted = nn.functional.conv2d(inputs, one(layer.weight), layer.bias)
        torch.testing.assert_close(adapted, expected, rtol=1e-5, atol=1e-5)
    assert LowRank(linear.weight, 64, 6.0).lora_A.shape == (5, 6)  # no wider than the layer


def test_a_state_holds_adapters_head_and_the_hash_and_meets_its_base_alone():
    network, _ = trained("test_efficientnet")
    state = network.state_dict()
    assert [name for name in state if name.startswith("backbone.") and not is_adapter(name)] == []
    assert {"base", "head.linear.weight", "normalize.mean"} < state.keys()
    again = adapt(plain("test_efficientnet"), 4, 8.0)
    nn.ModuleDict({"network": again}).load_state_dict(
        {f"network.{name}": value for name, value in state.items()}
    )
    with torch.no_grad():
        assert torch.equal(again.eval()(IMAGES), network.eval()(IMAGES))
        assert torch.equal(deepcopy(again)(IMAGES), network(IMAGES))
    with pytest.raises(UserError, match="whose hash is"):
        adapt(plain("test_efficientnet", seed=1), 4, 8.0).load_state_dict(state)
    with pytest.raises(UserError, match="whose hash is None"):
        again.load_state_dict({name: value for name, value in state.items() if name != "base"})


def test_only_later_stages_are_adapted_where_the_first_are_frozen():
    network = adapt(plain("test_efficientnet"), 4, 8.0, 2)
    stages = network.parameter_stages()
    assert {stages[name] for name, _ in adapter_parameters(network)} == set(range(2, network.num_stages))
    layers = network.parameter_layers()
    assert all(layers[name] < layers["head.linear.weight"] for name, _ in adapter_parameters(network))
    rest = network.after(1)
    assert rest is not None
    assert not any(name.startswith("backbone.") and not is_adapter(name) for name in rest.state_dict())


def test_a_backbone_without_such_layers_is_refused():
    network = plain("test_resnet")
    network.backbone = nn.Sequential(nn.Conv2d(3, 3, 3))
    network.backbone.parameter_stages = lambda: {"0.weight": 0}  # type: ignore[assignment]
    with pytest.raises(UserError, match="transfer=lora must find"):
        adapt(network, 4, 8.0)
