"""Backbones of timm's families, from tiny test models without weights."""

from itertools import pairwise

import pytest
import timm
import torch

from groundwork.core.errors import UserError
from groundwork.model import TimmBackbone

FAMILIES = ["test_resnet", "test_efficientnet", "test_vit", "test_convnext", "mobilenetv3_small_050"]
SIZE = 64


def build(name: str, in_chans: int = 3, size: int = SIZE, drop_path: float = 0.0) -> TimmBackbone:
    torch.manual_seed(0)
    return TimmBackbone(name, False, in_chans, size, drop_path, "default").eval()


@pytest.fixture(scope="module", params=FAMILIES)
def backbone(request: pytest.FixtureRequest) -> TimmBackbone:
    return build(request.param)


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def test_stages_have_the_announced_shapes(backbone: TimmBackbone, image: torch.Tensor) -> None:
    stages = backbone(image)
    assert len(stages) == backbone.num_stages == len(backbone.channels) == len(backbone.spatial)
    for stage, channels, spatial in zip(stages, backbone.channels, backbone.spatial, strict=True):
        assert stage.shape[:2] == (2, channels)
        assert (stage.ndim == 4) == spatial
    assert backbone.spatial[-1] is False


def test_the_last_stage_is_what_timms_classifier_reads(backbone: TimmBackbone, image: torch.Tensor) -> None:
    torch.testing.assert_close(backbone(image)[-1], backbone.model(image))


def test_stages_come_in_the_order_asked(backbone: TimmBackbone, image: torch.Tensor) -> None:
    every = backbone(image)
    last = backbone.num_stages - 1
    for asked in ([last], [0], [1, 0], [last, 1]):
        for stage, got in zip(asked, backbone(image, asked), strict=True):
            assert torch.equal(got, every[stage])


def test_every_parameter_and_buffer_belongs_to_the_stage_that_first_needs_it(
    backbone: TimmBackbone, image: torch.Tensor
) -> None:
    owner = backbone.parameter_stages()
    parameters = dict(backbone.named_parameters())
    assert set(owner) == set(parameters) | {name for name, _ in backbone.named_buffers()}
    first: dict[str, int] = {}
    for number, stage in enumerate(backbone(image)):
        gradients = torch.autograd.grad(
            stage.square().sum(), list(parameters.values()), allow_unused=True, retain_graph=True
        )
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                first.setdefault(name, number)
    assert first == {name: owner[name] for name in parameters}


def test_each_stages_modules_hold_its_tensors_once(backbone: TimmBackbone) -> None:
    owner = backbone.parameter_stages()
    names = {id(tensor): name for name, tensor in backbone.named_parameters()}
    seen = [
        (stage, names[id(parameter)])
        for stage, modules in enumerate(backbone.stage_modules())
        for module in modules
        for parameter in module.parameters()
    ]
    assert len(seen) == len({name for _, name in seen})
    assert all(owner[name] == stage for stage, name in seen)
    loose = set(names.values()) - {name for _, name in seen}
    # a class token and positions hang on the model itself
    assert all(name.count(".") == 1 and owner[name] == 0 for name in loose)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_early_cut_gives_the_same_stages_with_fewer_parameters(name: str, image: torch.Tensor) -> None:
    whole = build(name)
    expected = whole(image)
    for stage in range(whole.num_stages - 1):
        cut = build(name)
        cut.prune(stage)
        assert cut.num_stages == stage + 1
        assert cut.channels == whole.channels[: stage + 1]
        assert all(map(torch.equal, cut(image), expected))
        owner = whole.parameter_stages()
        kept = {name for name, _ in cut.named_parameters()}
        assert kept == {name for name, _ in whole.named_parameters() if owner[name] <= stage}


def test_a_cut_at_the_last_stage_changes_nothing(image: torch.Tensor) -> None:
    backbone = build("test_resnet")
    expected = backbone(image)
    backbone.prune(-1)
    assert all(map(torch.equal, backbone(image), expected))


def test_a_cut_beyond_the_last_stage_is_refused() -> None:
    backbone = build("test_resnet")
    with pytest.raises(ValueError, match="below 5, but got 5"):
        backbone.prune(5)


def test_transformer_blocks_are_grouped_into_four_stages() -> None:
    backbone = build("test_vit4")
    owner = backbone.parameter_stages()
    blocks = [owner[f"model.blocks.{number}.attn.qkv.weight"] for number in range(9)]
    assert backbone.num_stages == 4
    assert blocks == sorted(blocks)
    assert [blocks.count(stage) for stage in range(4)] == [2, 2, 3, 2]
    assert owner["model.reg_token"] == owner["model.pos_embed"] == 0
    assert owner["model.fc_norm.weight"] == 3


def test_efficientnet_ends_with_the_features_after_its_head_convolution() -> None:
    backbone = build("tf_efficientnet_lite0")
    assert backbone.channels == (16, 24, 40, 112, 320, 1280)
    assert backbone.parameter_stages()["model.bn2.running_mean"] == 5


@pytest.mark.parametrize(("name", "width"), [("test_resnet", 96), ("test_vit", 64)])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels_is_read(name: str, width: int, channels: int) -> None:
    features = build(name, in_chans=channels)(torch.randn(1, channels, SIZE, SIZE))[-1]
    assert features.shape == (1, width)


def test_a_fixed_grid_is_built_for_the_image_size() -> None:
    assert build("test_vit", size=96)(torch.randn(1, 3, 96, 96), [0])[0].shape == (1, 64, 6, 6)


def test_depth_grows_from_the_stem(backbone: TimmBackbone) -> None:
    layers, stages = backbone.parameter_layers(), backbone.parameter_stages()
    assert set(layers) == {name for name, _ in backbone.named_parameters()}
    assert min(layers.values()) == 0
    depths = [
        [layers[name] for name in layers if stages[name] == stage] for stage in range(backbone.num_stages)
    ]
    for earlier, later in pairwise(depth for depth in depths if depth):
        assert max(earlier) <= min(later)


def test_drop_path_reaches_the_blocks() -> None:
    rates = [getattr(module, "drop_prob", 0.0) for module in build("test_convnext", drop_path=0.3).modules()]
    assert max(rates) == pytest.approx(0.3)


def test_statistics_are_timms_own() -> None:
    backbone = build("test_resnet")
    data = timm.get_pretrained_cfg("test_resnet")
    assert (backbone.mean, backbone.std) == (data.mean, data.std)


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(UserError, match=r"model.name must be .* got resnet5O\. Did you mean resnet5"):
        build("resnet5O")


def test_a_size_that_the_model_cannot_take_is_one_line() -> None:
    with pytest.raises(
        UserError, match=r"must take images of 3x50x50, .* Set data\.image_size=160"
    ) as caught:
        build("test_maxvit", size=50)
    assert "\n" not in str(caught.value)
