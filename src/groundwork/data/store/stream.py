"""Image files -> batches by worker processes, for a data set too large to be stored decoded."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from groundwork.data.store.origin import Origin, formed, parallel, raw, silent_pillow
from groundwork.data.store.record import Images
from groundwork.data.store.resize import Form


@dataclass(frozen=True)
class Stream(Images):
    """Hold N images of one form that are decoded anew at every use; the batches equal those of a store.

    Attributes:
        origin: Where the raw images are.
        form: What they become.
        workers: Processes that decode ahead; 0 decodes in this one.
    """

    origin: Origin
    form: Form
    workers: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Give (C, H, W) of one image."""
        height, width, channels = self.form.shape
        return channels, height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Give uint8, uint16 or float32."""
        return np.dtype(self.form.dtype)

    @property
    def images(self) -> Undecoded:
        """Look like the array (N, H, W, C) of a store to whoever reads a few rows at a time."""
        return Undecoded(self)

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Decode images (B, C, H, W) on threads, channels last in memory."""
        with silent_pillow():
            images = list(
                parallel(lambda i: self._image(int(rows[i])), len(rows), max(1, self.workers), None)
            )
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Tensor]:
        """Decode one batch after the other, worker processes running ahead."""
        loader = DataLoader(
            _Ahead(self, rows),
            batch_size=None,
            num_workers=self.workers,
            worker_init_fn=_outlive_signals,
            generator=torch.Generator(),  # else each new iterator draws from the run's own, and moves dropout
        )
        return (images.permute(0, 3, 1, 2) for images in loader)

    def _image(self, row: int) -> NDArray[Any]:
        return formed(raw(self.origin, self.form, row)[0], self.form)[0]


class Undecoded:
    """Decode rows of (N, H, W, C) images as they are asked for, indexed as an array is."""

    def __init__(self, stream: Stream):
        self.stream = stream
        self.shape, self.dtype = (len(stream), *stream.form.shape), stream.dtype

    def __len__(self) -> int:
        return len(self.stream)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        first, *rest = index if isinstance(index, tuple) else (index,)
        rows = np.arange(len(self))[first]
        images = self.stream.batch(rows.reshape(-1)).permute(0, 2, 3, 1).numpy()
        return images[(slice(None), *rest)] if rows.ndim else images[0][tuple(rest)]


def _outlive_signals(_: int) -> None:
    """Let the process that trains end first: it needs its workers until its step is done.

    A second TERM ends a worker that hangs; torch sends one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: signal.signal(number, signal.SIG_DFL))


class _Ahead(Dataset[Tensor]):
    """Number the batches of an epoch, so that workers can take turns."""

    def __init__(self, stream: Stream, rows: Sequence[NDArray[np.int64]]):
        self.stream, self.rows = stream, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Tensor:
        with silent_pillow():
            return torch.from_numpy(np.stack([self.stream._image(int(row)) for row in self.rows[number]]))
