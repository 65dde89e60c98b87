from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from groundwork.model import ClassificationHead, ImageNormalize, Network, StagePool, TimmBackbone


@pytest.fixture
def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (12, 3, 64, 64), dtype=torch.uint8, generator=generator)


@pytest.fixture
def tiny_network() -> Callable[..., Network]:
    """Build a network of timm's test models with weights drawn from a fixed seed."""

    def build(stages: tuple[int, ...], kinds: tuple[str, ...], name: str = "test_efficientnet") -> Network:
        torch.manual_seed(0)
        backbone = TimmBackbone(name, False, 3, 64, 0.0, "default")
        pool = StagePool(stages, kinds)  # type: ignore[arg-type]  # plain strings
        width = pool.num_features(backbone.channels, backbone.spatial)
        normalize = ImageNormalize(backbone.mean, backbone.std, 3)
        return Network(normalize, backbone, pool, ClassificationHead(width, 3, 0.0))

    return build
