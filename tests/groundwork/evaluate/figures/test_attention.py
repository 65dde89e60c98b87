"""Maps of where a network looks, on networks whose answer is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.figures.attention import attention
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.model import (
    ClassificationHead,
    FeatureBackbone,
    ImageNormalize,
    Network,
    RegressionHead,
    StagePool,
    TimmBackbone,
)


class Brightness(FeatureBackbone):
    """One map that is the image itself, at a quarter of its size."""

    def __init__(self) -> None:
        super().__init__(1)
        self.channels, self.spatial = (1,), (True,)

    def forward(self, image: Tensor, stages: Any = None) -> list[Tensor]:
        return [nn.functional.avg_pool2d(image, 4) for _ in (stages if stages is not None else (0,))]


def network_of(backbone: Any, channels: int, classes: int = 2) -> Network:
    pool = StagePool((backbone.num_stages - 1,), ("mean",))
    width = pool.num_features(backbone.channels, backbone.spatial)
    network = Network(
        ImageNormalize([0.0], [1.0], channels), backbone, pool, ClassificationHead(width, classes, 0.0)
    )
    nn.init.normal_(network.head.linear.weight, generator=torch.Generator().manual_seed(0))
    return network.eval()


def test_a_network_that_reads_brightness_looks_at_the_bright_corner():
    network = network_of(Brightness(), 1)
    with torch.no_grad():
        network.head.linear.weight.copy_(torch.tensor([[-1.0], [1.0]]))
    image = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    image[:, :, :4, 12:] = 255
    maps, kind = attention(network, image, classifies=True)
    assert kind == "Grad-CAM"
    expected = np.zeros((4, 4))
    expected[0, 3] = 1
    assert maps[0] == pytest.approx(expected)


def test_values_are_moved_by_what_lowers_them_too():
    network = network_of(Brightness(), 1)
    network.head = RegressionHead(1, 1, [0.0], [1.0], "none", None, 0.0)
    with torch.no_grad():
        network.head.linear.weight.fill_(-1.0)
    image = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    image[:, :, :4, 12:] = 255
    maps, _ = attention(network, image, classifies=False)
    assert maps[0, 0, 3] == 1
    assert maps[0].sum() == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [("test_resnet", "Grad-CAM"), ("test_efficientnet", "Grad-CAM"), ("test_convnext", "Grad-CAM"),
     ("test_vit", "input gradient")],
)  # fmt: skip
def test_frozen_networks_of_every_family_have_maps(name: str, kind: str):
    torch.manual_seed(0)
    network = network_of(TimmBackbone(name, False, 3, 64, 0.0, "default"), 3)
    network.freeze(network.num_stages)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    maps, found = attention(network, images, classifies=True)
    assert found == kind
    assert maps.shape[0] == 2
    assert np.isfinite(maps).all()
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("photos", ["true", "false"])
def test_a_run_draws_its_maps_unless_pictures_stay_out(tmp_path: Path, image_folder: Path, photos: str):
    words = ["data=image_folder", f"data.root={image_folder}", "model=timm", "model.name=test_resnet",
             "model.pretrained=false", "data.image_size=32", "trainer=cpu", "execution=plain", "trainer.max_epochs=1",
             "metrics.resamples=20", f"report.photos={photos}",
             f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]  # fmt: skip
    assert start(compose_run(words)) == 0
    folder = RunFolder.find("latest", tmp_path / "runs")
    for name in ("attention.npz", "attention.png"):
        assert (folder.path / "figures" / name).is_file() == (photos == "true")
    assert ("Where the network looks" in (folder.path / "report.html").read_text(encoding="utf-8")) == (
        photos == "true"
    )
