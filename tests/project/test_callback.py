"""The callback of callback.py logs one number every few steps."""

from types import SimpleNamespace
from typing import Any

import pytest
from lightning import LightningModule
from torch import nn

from project.callback import LogWeightNorm


class Module(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net, self.logged = nn.Linear(2, 1), []
        nn.init.constant_(self.net.weight, 3.0)
        nn.init.constant_(self.net.bias, 100.0)
        self.net.bias.requires_grad = False

    def log(self, name: str, value: Any) -> None:
        self.logged.append((name, float(value)))


def test_the_norm_of_what_trains_is_logged_every_second_step():
    module, callback = Module(), LogWeightNorm(every_n_steps=2)
    for step in range(1, 5):
        callback.on_train_batch_end(SimpleNamespace(global_step=step), module, None, None, step)
    assert module.logged == [("weight_norm", pytest.approx(18**0.5))] * 2
