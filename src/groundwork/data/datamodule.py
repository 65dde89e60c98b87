"""Samples -> batches: index slices of memory, in an order that only seed and epoch decide."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray

from groundwork.core.batch import Batch
from groundwork.data.batches import Batches, Chunked, Cursor, Move, Source, TrainBatches
from groundwork.data.device import SHARE, Resident, copied_ahead, fits_on
from groundwork.data.order import Order, Slice, dealt, slices


class Resampler(Protocol):
    """Choose which training rows an epoch visits, and how often."""

    def rows(self, target: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
        """Give positions among the training rows."""
        ...


class GroundworkDataModule(LightningDataModule):
    """Cut the samples of a run into batches.

    Args:
        source: Inputs of all N samples.
        target: (N,) int64 class numbers, or (N, T) float64 values in original units.
        rows: Split -> its rows; a split that is not handed over can't be read.
        batch_size: Samples per device.
        order: Draws the order of each training epoch.
        balance: Resamples the training rows; None visits each once.
        resident: Keep all inputs in the memory of a GPU; None does where they take little of it.
    """

    def __init__(
        self,
        source: Source,
        target: NDArray[Any],
        rows: Mapping[str, NDArray[np.int64]],
        batch_size: int,
        order: Order,
        balance: Resampler | None,
        resident: bool | None = None,
    ):
        super().__init__()
        self.source, self.batch_size, self.order = source, batch_size, order
        self.target = torch.from_numpy(target)
        self.rows = {split: np.asarray(own, dtype=np.int64) for split, own in rows.items()}
        self.balance, self.resident = balance, resident
        self.cursor = Cursor()

    def hand_over(self, rows: Mapping[str, NDArray[np.int64]]) -> None:
        """Let these rows be read, and no others."""
        self.rows = dict(rows)
        vars(self).pop("_near_source", None)

    def train_dataloader(self) -> TrainBatches:
        """Shuffle anew in each epoch."""
        return self._train_batches(self.cursor)

    def apart(self) -> TrainBatches:
        """Go through the training samples of the first epoch without moving the position of the run."""
        return self._train_batches(Cursor())

    def val_dataloader(self) -> Batches | list[Batches]:
        """Visit the validation samples in order, if there are any."""
        return self.ordered("val") if "val" in self.rows else []

    def ordered(self, split: str) -> Batches:
        """Visit each sample of a split once, in the order of the table."""
        rank, world_size = self._rank()
        cut = slices(self.rows[split], self.batch_size, rank, world_size, train=False)
        return Batches(self._inputs, self.target, lambda _: cut, self._move)

    def read(self, source: Source) -> None:
        """Read other inputs of the same samples, from the next epoch on."""
        self.source = source
        vars(self).pop("_near_source", None)

    def state_dict(self) -> dict[str, int]:
        """Give the position in training as plain whole numbers."""
        return self.cursor.state_dict()

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go back to a position, before any loader iterates."""
        self.cursor.load_state_dict(state_dict)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Copy to the device, unless that has been done ahead."""
        return batch if batch.inputs.device == device else batch.to(device)

    def num_batches(self, world_size: int) -> int:
        """Count the training batches of an epoch on each of several devices."""
        return len(self._cut(0, 0, world_size))

    def _epoch(self, epoch: int) -> list[Slice]:
        repeats = getattr(self.trainer, "overfit_batches", 0) > 0
        return self._cut(0 if repeats else epoch, *self._rank())

    def _cut(self, epoch: int, rank: int, world_size: int) -> list[Slice]:
        rows = self.rows["train"]
        if self.balance is not None:
            rows = rows[self.balance.rows(self.target[rows].numpy(), self.order.seed, epoch)]
        if isinstance(self.source, Chunked):
            drawn = rows[self.order.by_chunks(self.source.chunk[rows], epoch)]
            rows = dealt(drawn, self.batch_size, world_size)
        else:
            rows = rows[self.order.permutation(len(rows), epoch)]
        return slices(rows, self.batch_size, rank, world_size, train=True)

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def _limit(self) -> float:
        return self.trainer.num_training_batches if self.trainer is not None else float("inf")

    def _train_batches(self, cursor: Cursor) -> TrainBatches:
        return TrainBatches(self._inputs, self.target, self._epoch, self._move, cursor, self._limit)

    def _inputs(self) -> Source:
        return self._near_source

    @cached_property
    def _near_source(self) -> Source:
        """Give the inputs from where the device reads them soonest; asked first when the network is there already."""
        rows = np.concatenate(list(self.rows.values()))
        share = {None: SHARE, True: 1.0, False: 0.0}[self.resident]
        fits = fits_on(self.source, rows, self._device, share)
        return Resident(self.source, rows, self._device) if fits else self.source

    @property
    def _move(self) -> Move | None:
        return partial(copied_ahead, device=self._device) if self._device.type == "cuda" else None

    @property
    def _device(self) -> torch.device:
        return torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
