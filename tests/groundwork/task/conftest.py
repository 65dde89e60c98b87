"""Tiny networks, batches and trainers for the tasks."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer
from torch import nn

from groundwork.core.batch import Batch
from groundwork.loss import MSE, CrossEntropy, Penalty
from groundwork.model import MLP, ClassificationHead, Network, RegressionHead, StagePool
from groundwork.optim import Cosine, OptimizerFactory

NOISE = (
    r".*LeafSpec",  # Lightning's own use of torch's trees
    r"Found \d+ module\(s\) in eval mode",  # frozen on purpose
)
ROWS = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
CLASSES = (ROWS[:, 0] > 0).long() + (ROWS[:, 1] > 0).long()
VALUES = torch.stack([100 + 10 * ROWS[:, 0], ROWS[:, 1] - 5], dim=1)


class Batches:
    """Cut rows into batches, in an order of one's own, with a mask where rows only pad."""

    def __init__(self, target: torch.Tensor, batch_size: int, order: list[int], masked: tuple[int, ...] = ()):
        self.target, self.batch_size, self.order, self.masked = target, batch_size, order, masked

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.order), self.batch_size):
            places = range(start, min(start + self.batch_size, len(self.order)))
            index = torch.tensor([self.order[place] for place in places])
            mask = torch.tensor([place not in self.masked for place in places])
            yield Batch(ROWS[index], self.target[index], index, mask=mask if self.masked else None)


def network(head: nn.Module) -> Network:
    torch.manual_seed(0)
    backbone = MLP(3, (), None, [8], "relu", "batch", 0.0, 64, "default")
    return Network(nn.Identity(), backbone, StagePool((1,), ("mean",)), head)


def classifier() -> Network:
    return network(ClassificationHead(8, 3, 0.0))


def regressor() -> Network:
    center, scale = VALUES.mean(0).tolist(), VALUES.std(0, correction=0).tolist()
    return network(RegressionHead(8, 2, center, scale, "none", None, 0.0))


def options(net: Network, **changed: Any) -> dict[str, Any]:
    """Give what every task asks for, by default without metrics."""
    loss = CrossEntropy(0.0) if isinstance(net.head, ClassificationHead) else MSE()
    given = {
        "network": net,
        "loss": loss,
        "penalty": Penalty(0.0, 0.0, 0.0, "weights", net),
        "metrics": lambda prediction, target: {"mean": float(np.mean(prediction))},
        "optimizer": OptimizerFactory(torch.optim.AdamW, 0.02),
        "schedule": Cosine(0.0, 1.0),
        "total_steps": 100,
        "monitor": "mean",
        "mode": "max",
        "augment": None,
        "mix": None,
        "num_outputs": 3 if isinstance(net.head, ClassificationHead) else 2,
        "seed": 0,
    }
    return given | changed


@pytest.fixture
def trainer() -> Callable[..., Trainer]:
    """Build a silent trainer on the CPU."""

    def build(epochs: int = 1, callbacks: list[Callback] | None = None, **more: Any) -> Trainer:
        for noise in NOISE:
            warnings.filterwarnings("ignore", message=noise)
        return Trainer(
            accelerator="cpu", max_epochs=epochs, callbacks=callbacks, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0, use_distributed_sampler=False, **more,
        )  # fmt: skip

    return build
