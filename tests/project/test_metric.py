"""The metric of metric.py agrees with a case computed by hand, however the split is cut into updates."""

import pytest
import torch

from project.metric import BrierScore

PREDS, TARGET = torch.tensor([[0.8, 0.2], [0.4, 0.6], [1.0, 0.0]]), torch.tensor([0, 0, 1])
EXPECTED = (2 * 0.2**2 + 2 * 0.6**2 + 2 * 1.0**2) / 3


@pytest.mark.parametrize("cut", [1, 3])
def test_it_is_the_mean_over_all_samples(cut: int):
    score = BrierScore()
    for preds, target in zip(PREDS.split(cut), TARGET.split(cut), strict=True):
        score.update(preds, target)
    assert float(score.compute()) == pytest.approx(EXPECTED, rel=1e-6)
