import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss

from groundwork.loss import Quantile

LEVELS = [0.5, 0.05, 0.9]
OUTPUT = torch.randn(6, 3, 2, generator=torch.Generator().manual_seed(0))
TARGET = 2 * torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
LOSS = Quantile([0.05, 0.5, 0.9])


def test_the_mean_is_scikit_learns_pinball_loss():
    apart = [
        mean_pinball_loss(TARGET[:, t].numpy(), OUTPUT[:, place, t].numpy(), alpha=level)
        for place, level in enumerate(LEVELS)
        for t in range(2)
    ]
    found = LOSS(OUTPUT.flatten(1), TARGET, None)
    assert found.shape == (6,)
    assert float(found.mean()) == pytest.approx(np.mean(apart), rel=1e-6)


def test_missing_targets_count_in_neither_loss_nor_gradient():
    gaps = TARGET.clone()
    gaps[0, 1] = gaps[2] = torch.nan
    output = OUTPUT.clone().requires_grad_()
    found = LOSS(output.flatten(1), gaps, torch.arange(6.0))
    found.sum().backward()
    assert found[2] == 0
    assert (output.grad[torch.isnan(gaps)[:, None].expand(-1, 3, -1)] == 0).all()  # type: ignore[index]
    alone = Quantile([0.05, 0.5, 0.9])(OUTPUT[1:2].flatten(1), TARGET[1:2], None)
    assert float(found[1].detach()) == pytest.approx(float(alone))


def test_shapes_never_broadcast_in_silence():
    with pytest.raises(ValueError, match="of one shape, but got"):
        LOSS(OUTPUT.flatten(1), TARGET[:, :1], None)
