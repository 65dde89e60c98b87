"""Predictions of a whole split, and batches of whatever data module."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.batch import Batch
from groundwork.core.errors import UserError

# In a batch of a data module that does not number its samples.
MOST_SAMPLES = 2**20


@dataclass(frozen=True)
class Outputs:
    """Hold the predictions of a split, each sample once, in the order of the table.

    Attributes:
        index: (N,) rows in the table of samples.
        target: (N,) class numbers, or (N, T) values in original units.
        prediction: (N, K) probabilities, or (N, T) float64 values in original units.
        loss: Mean over the samples.
    """

    index: NDArray[np.int64]
    target: NDArray[Any]
    prediction: NDArray[np.floating]
    loss: float


def as_batch(batch: Any, number: int) -> Batch:
    """Read what any data module gives as a Batch.

    Args:
        batch: A Batch, or a pair of tensors (inputs, target).
        number: Of the batch, counted over all devices.
    """
    if isinstance(batch, Batch):
        return batch
    if not (isinstance(batch, tuple | list) and len(batch) == 2 and all(map(torch.is_tensor, batch))):
        raise UserError(
            f"batches must be pairs of tensors (inputs, target), but got {type(batch).__name__}. "
            "Change the data module's collate_fn."
        )
    inputs, target = batch
    return Batch(inputs, target, torch.arange(len(inputs), device=inputs.device) + number * MOST_SAMPLES)


def inputs_of(batch: Any) -> Tensor:
    """Give the inputs of what any data module gives, without those that only pad."""
    if isinstance(batch, Batch):
        return batch.inputs if batch.mask is None else batch.inputs[batch.mask]
    return batch if isinstance(batch, Tensor) else as_batch(batch, 0).inputs
