"""Counts over a whole split do not depend on the size of batches, nor on the number of devices."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix as reference
from torch import Tensor, nn

from groundwork.data import GroundworkDataModule, TableSource
from groundwork.data.order import Order
from groundwork.loss import CrossEntropy
from groundwork.metrics import confusion_matrix
from groundwork.task import ClassificationTask

CLASSES = 3


class Told(nn.Module):
    """Give the inputs as logits, so that no rounding depends on the batch."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.float()

    def decode(self, output: Tensor) -> Tensor:
        return output.softmax(dim=1)


def states(
    logits: NDArray[np.float32],
    target: NDArray[np.int64],
    rows: NDArray[np.int64],
    batch_size: int,
    world_size: int,
) -> list[NDArray[np.int64]]:
    """Validate on every rank; by rank, the samples seen and the confusion matrix in one array.

    One process stands for all ranks: what each hands to the others is kept first, and handed to all then.
    """
    handed: list[list[Tensor]] = [[] for _ in range(world_size)]
    for rank in range(world_size):
        task = validated(logits, target, rows, batch_size, rank, world_size)
        task._gather = lambda part, own=handed[rank]: own.append(part) or part
        task._outputs()
    found = []
    for rank in range(world_size):
        joined = iter([torch.cat(parts) for parts in zip(*handed, strict=True)])
        task = validated(logits, target, rows, batch_size, rank, world_size)
        task._gather = lambda part, joined=joined: next(joined)
        seen = task._outputs()
        matrix = confusion_matrix(seen.prediction.argmax(axis=1), seen.target, CLASSES)
        found.append(np.concatenate([seen.index, matrix.ravel()]))
    return found


def validated(
    logits: NDArray[np.float32],
    target: NDArray[np.int64],
    rows: NDArray[np.int64],
    batch_size: int,
    rank: int,
    world_size: int,
) -> Any:
    """Give the task of one rank after all of its validation batches, the one before they are gathered."""
    data: Any = GroundworkDataModule(TableSource(logits), target, {"val": rows}, batch_size, Order(0), None)
    data._rank = lambda: (rank, world_size)
    options: dict[str, Any] = dict.fromkeys(("penalty", "metrics", "optimizer", "schedule", "augment", "mix"))
    task: Any = ClassificationTask(
        network=Told(), loss=CrossEntropy(0.0, None), num_outputs=CLASSES, total_steps=1,
        monitor="accuracy", mode="max", seed=0, **options
    )  # fmt: skip
    for number, batch in enumerate(data.ordered("val")):
        task.validation_step(batch, number)
    return task


@pytest.mark.parametrize("num_samples", [1, 2, 3, 7, 16, 17, 101])
def test_integer_states_are_the_same_on_any_number_of_devices_and_batch_size(num_samples: int) -> None:
    rng = np.random.default_rng(num_samples)
    rows = np.sort(rng.permutation(2 * num_samples)[:num_samples])
    logits = rng.normal(size=(2 * num_samples, CLASSES)).astype(np.float32)
    target = rng.integers(0, CLASSES, 2 * num_samples)
    counts = reference(target[rows], logits[rows].argmax(axis=1), labels=range(CLASSES))
    expected = np.concatenate([rows, counts.ravel()])
    for world_size in (1, 2, 3):
        for batch_size in (1, 2, 5, 16, 128):
            for found in states(logits, target, rows, batch_size, world_size):
                assert found.tolist() == expected.tolist(), (world_size, batch_size)
