"""Freezing and joining, on tiny networks of every family."""

import pytest
import torch
from torch import nn

from groundwork.model import (
    MLP,
    ClassificationHead,
    FeatureBackbone,
    ImageNormalize,
    Network,
    RegressionHead,
    StagePool,
    TimmBackbone,
)

FAMILIES = ["test_resnet", "test_efficientnet", "test_vit", "test_convnext", "mobilenetv3_small_050"]
IMAGES = torch.randint(0, 256, (6, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def image_network(name: str, stages: tuple[int, ...] = (-1,), num_classes: int = 3) -> Network:
    torch.manual_seed(0)
    backbone = TimmBackbone(name, False, 3, 64, 0.0, "default")
    pool = StagePool(tuple(range(backbone.num_stages)[stage] for stage in stages), ("mean",))
    width = pool.num_features(backbone.channels, backbone.spatial)
    normalize = ImageNormalize(backbone.mean, backbone.std, 3)
    return Network(normalize, backbone, pool, ClassificationHead(width, num_classes, 0.0))


def train(network: Network, steps: int = 3) -> None:
    nn.init.normal_(network.head.linear.weight)  # at zero the backbone would get no gradient in step one
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(IMAGES), torch.arange(6) % 3).backward()
        optimizer.step()


def snapshot(network: Network) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("frozen", [0, 2, "all"])
@pytest.mark.parametrize("name", FAMILIES)
def test_frozen_stages_are_bit_identical_and_the_others_move(name: str, frozen: int | str) -> None:
    network = image_network(name)
    count = network.num_stages if frozen == "all" else int(frozen)
    network.freeze(count).train()
    before = snapshot(network)
    train(network)
    network.eval()
    network.train()
    train(network)
    after, owner = network.state_dict(), network.parameter_stages()
    for key, stage in owner.items():
        assert stage >= count or torch.equal(after[key], before[key]), key
    parameters = dict(network.named_parameters())
    for stage in range(count, network.num_stages + 1):
        own = [key for key in parameters if owner[key] == stage]
        assert any(not torch.equal(after[key], before[key]) for key in own), f"stage {stage} did not train"
    statistics = [key for key in owner if "running" in key and owner[key] >= count]
    assert all(not torch.equal(after[key], before[key]) for key in statistics)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_frozen_backbone_gets_no_gradient_at_all(name: str) -> None:
    network = image_network(name)
    network.freeze(network.num_stages).train()
    nn.functional.cross_entropy(network(IMAGES), torch.arange(6) % 3).backward()
    assert all(parameter.grad is None for parameter in network.backbone.parameters())
    assert all(parameter.grad is not None for parameter in network.head.parameters())


def test_a_frozen_batch_norm_uses_its_stored_statistics_while_training() -> None:
    network = image_network("test_resnet")
    network.eval()
    expected = network.features(IMAGES)
    network.freeze(network.num_stages).train()
    assert torch.equal(network.features(IMAGES), expected)
    torch.testing.assert_close(network.features(IMAGES[:2]), expected[:2], atol=1e-6, rtol=0)


def test_unfreezing_lets_everything_train_again() -> None:
    network = image_network("test_resnet")
    network.freeze(network.num_stages).train()
    network.freeze(0)
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(module.training for module in network.modules())


def test_any_set_of_stages_may_train() -> None:
    network = image_network("test_efficientnet").train()
    network.train_stages({1, 4}, batch_norm="adapt")
    before = snapshot(network)
    train(network)
    owner, after = network.parameter_stages(), network.state_dict()
    changed = {owner[key] for key in owner if not torch.equal(after[key], before[key])}
    assert changed == {1, 4, network.num_stages}


def test_stored_statistics_stay_where_weights_train() -> None:
    network = image_network("test_resnet").train()
    network.train_stages(range(network.num_stages), batch_norm="frozen")
    before = snapshot(network)
    train(network)
    after = network.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in after if "running" in key)
    assert not torch.equal(after["backbone.model.bn1.weight"], before["backbone.model.bn1.weight"])


def test_stages_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 4"):
        image_network("test_resnet").train_stages({5}, "adapt")


@pytest.mark.parametrize("name", FAMILIES)
def test_several_stages_are_read_together(name: str) -> None:
    network = image_network(name, (0, -1)).eval()
    every = network.stages(IMAGES)
    assert torch.equal(network.features(IMAGES), torch.cat([every[0], every[-1]], dim=1))
    assert network.features(IMAGES).dtype == torch.float32
    assert [stage.shape[1] for stage in every] == list(network.backbone.channels)


def test_every_tensor_but_the_normalization_has_a_stage() -> None:
    network = image_network("test_vit")
    owner = network.parameter_stages()
    assert set(owner) == {name for name in network.state_dict() if not name.startswith("normalize.")}
    assert owner["head.linear.weight"] == network.num_stages
    layers = network.parameter_layers()
    assert set(layers) == {name for name, _ in network.named_parameters()}
    assert layers["head.linear.bias"] == max(layers.values()) > layers["backbone.model.norm.weight"]


def test_counts_of_parameters_follow_freezing() -> None:
    network = image_network("test_resnet")
    head = 96 * 3 + 3
    everything = sum(parameter.numel() for parameter in network.parameters())
    assert network.describe()["parameters"] == network.describe()["trainable_parameters"] == everything
    network.freeze(network.num_stages)
    assert network.describe() == {
        "parameters": everything, "trainable_parameters": head, "stages": 5, "frozen_stages": 5,
    }  # fmt: skip
    assert sum(parameter.numel() for parameter in network.trainable_parameters()) == head


def test_a_head_on_cached_features_is_the_head_of_the_whole_network() -> None:
    network = image_network("test_resnet").eval()
    nn.init.normal_(network.head.linear.weight)
    features = network.features(IMAGES)
    pool = StagePool((0,), ("mean",))
    cached = Network(nn.Identity(), FeatureBackbone(features.shape[1]), pool, network.head)
    assert torch.equal(cached(features), network(IMAGES))
    assert pool.num_features(cached.backbone.channels, cached.backbone.spatial) == features.shape[1]
    assert cached.freeze(1).describe()["trainable_parameters"] == 96 * 3 + 3
    assert cached.parameter_stages() == {"head.linear.weight": 1, "head.linear.bias": 1}


def test_a_table_network_freezes_and_decodes_too() -> None:
    torch.manual_seed(0)
    backbone = MLP(2, (), None, [8, 4], "relu", "batch", 0.2, 64, "default")
    head = RegressionHead(4, 2, [1.0, 2.0], [3.0, 4.0], "none", None, 0.0)
    network = Network(nn.Identity(), backbone, StagePool((2,), ("mean",)), head)
    network.freeze(2).train()
    before = snapshot(network)
    rows = torch.randn(16, 2)
    network(rows).square().sum().backward()
    assert network.decode(network(rows)).shape == (16, 2)
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in after if "layers.1" in key)
    assert network.backbone.layers[2][2].training
    assert not network.backbone.layers[1][2].training
