import pytest
import torch
from torch import nn

from groundwork.model import ImageNormalize, Network, StagePool, TimmBackbone
from groundwork.model.layout import safe_layout

LAST, FIRST = torch.channels_last, torch.contiguous_format


@pytest.mark.parametrize(
    ("conv", "expected"),
    [
        (nn.Conv2d(3, 8, 1, stride=2), FIRST),
        (nn.Conv2d(4, 8, 1, stride=(1, 3)), FIRST),
        (nn.Conv2d(12, 12, 1, stride=2, groups=4), FIRST),
        (nn.Conv2d(3, 8, 1), LAST),
        (nn.Conv2d(3, 8, 3, stride=2), LAST),
        (nn.Conv2d(64, 128, 1, stride=2), LAST),
        (nn.Conv2d(8, 8, 1, stride=2, groups=8), LAST),
        (nn.Conv2d(3, 8, 1, stride=2, device="meta"), LAST),
    ],
)
def test_a_layout_that_one_dnn_breaks_on_is_not_taken(conv: nn.Conv2d, expected: torch.memory_format):
    assert safe_layout(nn.Sequential(conv), LAST) == expected
    assert safe_layout(nn.Sequential(conv), FIRST) == FIRST


def test_a_stem_of_that_kind_trains():
    torch.manual_seed(0)
    backbone = TimmBackbone("mobileone_s0", False, 3, 32, 0.0, "default")
    backbone.prune(0)
    head = nn.Linear(backbone.channels[0], 2)
    network = Network(ImageNormalize([0.5], [0.5], 3), backbone, StagePool((0,), ("mean",)), head)
    network.arrange(LAST)
    network(torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)).sum().backward()
    grads = [value.grad for value in network.parameters() if value.requires_grad]
    assert all(grad is None or grad.isfinite().all() for grad in grads)
