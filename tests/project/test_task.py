"""The training step of task.py rewards entropy."""

import pytest
import torch
from scipy.stats import entropy
from torch import nn

from groundwork.core.batch import Batch
from groundwork.loss import CrossEntropy
from groundwork.task import ClassificationTask

from project.task import UnsureTask


def test_the_loss_is_that_of_classification_less_the_entropy():
    torch.manual_seed(0)
    given = {
        "network": nn.Linear(4, 3),
        "loss": CrossEntropy(label_smoothing=0.0),
        "penalty": lambda network: 0.0,
    }
    inputs, target = torch.randn(5, 4), torch.tensor([0, 1, 2, 0, 1])
    batch = Batch(inputs, target, index=torch.arange(5), weight=None, mask=torch.ones(5, dtype=torch.bool))
    usual = ClassificationTask(**given).training_step(batch, 0)
    own = UnsureTask(beta=0.5, **given).training_step(batch, 0)
    unsure = entropy(given["network"](inputs).softmax(dim=1).detach().numpy(), axis=1).mean()
    assert float((usual - own).detach()) == pytest.approx(0.5 * unsure, rel=1e-5)
