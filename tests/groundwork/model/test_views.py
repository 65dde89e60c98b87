"""Views of an image, in one graph."""

import pytest
import torch
from torch import nn

from groundwork.model import (
    ClassificationHead,
    FeatureBackbone,
    Network,
    RegressionHead,
    StagePool,
    predict_batch,
    view,
)

IMAGES = torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))


def network(head: nn.Module) -> Network:
    """Read every pixel, so that each view gives something else."""
    nn.init.normal_(head.linear.weight, generator=torch.Generator().manual_seed(1))  # type: ignore[arg-type]
    whole = Network(nn.Identity(), FeatureBackbone(32), StagePool((0,), ("mean",)), head)
    whole.stem.forward = lambda images, stages=None: [images.flatten(1)]  # type: ignore[attr-defined]
    return whole.eval()


@pytest.mark.parametrize("views", [2, 4, 8])
@pytest.mark.parametrize(
    "head", [ClassificationHead(32, 3, 0.0), RegressionHead(32, 1, [5.0], [2.0], "softplus", None, 0.0)]
)
def test_the_mean_prediction_over_views_is_served(views: int, head: nn.Module):
    served = network(head)
    with torch.inference_mode():
        apart = [served.decode(served(view(IMAGES, number))) for number in range(views)]
        served.views = views
        expected = torch.stack(apart).mean(dim=0)
        assert torch.allclose(served.decode(served(IMAGES)), expected, atol=1e-6)
        assert torch.allclose(
            predict_batch(served, IMAGES, torch.float32).double(), expected.double(), atol=1e-6
        )
        assert torch.allclose(served.decode(served(view(IMAGES, views - 1))), expected, atol=1e-6)  # a group


def test_one_view_is_the_image_as_it_is():
    served = network(ClassificationHead(32, 3, 0.0))
    with torch.inference_mode():
        assert torch.equal(served(IMAGES), served.head(IMAGES.flatten(1)))


def test_the_temperature_acts_on_the_mean_over_views():
    served = network(ClassificationHead(32, 3, 0.0))
    served.views = 2
    with torch.inference_mode():
        mean = served.decode(served(IMAGES))
        served.temperature = 3.0
        softer = mean ** (1 / 3)
        assert torch.allclose(served.decode(served(IMAGES)), softer / softer.sum(1, keepdim=True), atol=1e-6)
