"""A module that gives features is a backbone: its widths are found, its stages are those that it names."""

import pytest
import torch
from torch import Tensor, nn

from groundwork.core.errors import UserError
from groundwork.model import MLP, PlainBackbone, as_backbone, taken

IMAGES = torch.zeros(2, 1, 12, 12)


def block(fan_in: int, fan_out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(fan_in, fan_out, 3), nn.BatchNorm2d(fan_out), nn.ReLU())


class Net(nn.Module):
    """Features (B, D)."""

    def __init__(self, in_chans: int = 1):
        super().__init__()
        self.layers = nn.Sequential(block(in_chans, 4), block(4, 6))

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image).mean((2, 3))


class Staged(nn.Module):
    """Three stages, the last of which is pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [block(1, 4), block(4, 6), nn.Sequential(nn.Flatten(), nn.Linear(6 * 64, 5))]
        )

    def forward(self, image: Tensor) -> Tensor:
        for stage in self.stages:
            image = stage(image)
        return image

    def no_weight_decay(self) -> set[str]:
        return {"stages.2.1.weight"}


def test_a_module_counts_as_one_stage_of_the_width_that_it_gives():
    backbone = as_backbone(Net(), IMAGES)
    assert (backbone.num_stages, backbone.channels, backbone.spatial) == (1, (6,), (False,))
    assert set(backbone.parameter_stages()) == set(backbone.state_dict())
    assert set(backbone.parameter_layers()) == {name for name, _ in backbone.named_parameters()}
    assert backbone.training
    torch.testing.assert_close(
        backbone.stages[0].layers[0][1].running_mean, torch.zeros(4)
    )  # zeros left no mark


def test_stages_that_a_module_names_can_be_asked_cut_and_parted():
    torch.manual_seed(0)
    module = Staged().eval()
    backbone, images = as_backbone(module, IMAGES).eval(), torch.randn(3, 1, 12, 12)
    assert (backbone.channels, backbone.spatial) == ((4, 6, 5), (True, True, False))
    middle, last = backbone(images, [1, 2])
    assert torch.equal(last, module(images))
    assert torch.equal(backbone.after(1)(middle, [2])[0], last)
    assert backbone.no_weight_decay() == {"stages.2.1.weight"}
    backbone.prune(1)
    assert backbone.num_stages == 2
    assert torch.equal(backbone(images)[1], middle)


def test_stages_that_are_not_all_of_the_module_are_refused():
    class Partial(Staged):
        def forward(self, image: Tensor) -> Tensor:
            return super().forward(image) + 1

    with pytest.raises(UserError, match=r"Partial.stages must make up the whole module"):
        PlainBackbone(Partial(), IMAGES)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Flatten(2), r"Flatten must give features .* but gives \(2, 1, 144\)"),
        (nn.Linear(5, 3), r"Linear must turn inputs \(2, 1, 12, 12\) into features"),
        (nn.Flatten(0), r"Flatten must give features"),
    ],
)
def test_what_gives_no_features_is_refused_in_one_line(module: nn.Module, reason: str):
    with pytest.raises(UserError, match=reason):
        PlainBackbone(module, IMAGES)


def test_a_backbone_that_names_its_stages_itself_stays_as_it_is():
    backbone = MLP(3, (), None, (4,), "relu", "none", 0.0, 8, "default")
    assert as_backbone(backbone, torch.zeros(2, 3)) is backbone


def test_a_class_is_told_what_it_takes():
    assert taken(Net, in_chans=3, image_size=8) == {"in_chans": 3}
    assert taken(lambda **more: more, in_chans=3) == {"in_chans": 3}
