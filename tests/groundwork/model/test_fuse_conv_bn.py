"""BatchNorm folded into convolutions, for every family, against the network itself."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from groundwork.model import (
    MLP,
    ClassificationHead,
    FeatureBackbone,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
    fuse_conv_bn,
)

IMAGES = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def network_of(name: str) -> Network:
    """Build a network whose BatchNorms hold statistics, scales and shifts unlike those of a fresh one."""
    torch.manual_seed(0)
    backbone = TimmBackbone(name, False, 3, 64, 0.0, "default")
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    head = ClassificationHead(backbone.channels[-1], 3, 0.0)
    nn.init.normal_(head.linear.weight)
    last = backbone.num_stages - 1
    return Network(ImageNormalize([0.5], [0.5], 3), backbone, StagePool((last,), ("mean",)), head)


def count_norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(
    ("name", "left"),
    [("test_resnet", 0), ("test_efficientnet", 0), ("tf_efficientnet_lite0", 0), ("mobilenetv3_small_050", 0),
     ("densenet121", 62)],
)  # fmt: skip  # densenet normalizes before it convolves, so that most of its norms read a sum of maps
def test_every_stage_stays_the_same_and_the_norms_are_gone(name: str, left: int):
    network = network_of(name)
    folded = fuse_conv_bn(network, network.normalize(IMAGES[:1]))
    assert (count_norms(network) > left, count_norms(folded)) == (True, left)
    with torch.inference_mode():
        for ours, theirs in zip(folded.eval().stages(IMAGES), network.eval().stages(IMAGES), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


def test_the_network_itself_is_left_as_it_was():
    network = network_of("test_resnet").train_stages([4], "adapt").train()
    before = deepcopy(network.state_dict())
    modes = [module.training for module in network.modules()]
    fuse_conv_bn(network, network.normalize(IMAGES[:1]))
    assert modes == [module.training for module in network.modules()]
    after = network.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize("name", ["test_vit", "test_convnext"])
def test_a_network_without_batch_norm_comes_back_itself(name: str):
    network = network_of(name)
    assert fuse_conv_bn(network, network.normalize(IMAGES[:1])) is network


def test_rows_of_a_table_come_back_themselves():
    table = MLP(2, (), None, (8,), "relu", "batch", 0.0, 64, "default")
    for backbone, width in ((FeatureBackbone(2), 2), (table, 8)):
        head = ClassificationHead(width, 2, 0.0)
        network = Network(nn.Identity(), backbone, StagePool((backbone.num_stages - 1,), ("mean",)), head)
        assert fuse_conv_bn(network, torch.zeros(2, 2)) is network


class Residual(nn.Module):
    """A convolution that its norm reads, and an addition, too."""

    channels, spatial, num_stages = (4,), (True,), 1

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        nn.init.constant_(self.norm.running_mean, 1.0)

    def forward(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        maps = self.conv(inputs)
        return [self.norm(maps) + maps]

    def stage_modules(self) -> list[list[nn.Module]]:
        return [[self.conv, self.norm]]


def test_a_convolution_that_others_read_too_is_left():
    head = ClassificationHead(4, 2, 0.0)
    network = Network(nn.Identity(), Residual(), StagePool((0,), ("mean",)), head)
    assert fuse_conv_bn(network, torch.rand(1, 3, 8, 8)) is network
