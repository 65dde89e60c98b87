"""Image files -> batches by worker processes, for a data set too large to be stored decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.errors import UserError
from groundwork.data.store.origin import Origin, formed, parallel, raw, silent_pillow
from groundwork.data.store.record import Images
from groundwork.data.store.resize import Form
from groundwork.data.store.workers import Workers


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

    def statistics(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Refuse to decode all images once more only to measure them."""
        raise UserError(
            "normalize=train must have decoded images at hand, but the data is streamed. Use normalize=backbone, or "
            "convert the images to shards, which are measured as they are written."
        )

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Decode images (B, C, H, W) on threads, channels last in memory."""
        with silent_pillow():
            images = list(
                parallel(lambda i: self._image(int(rows[i])), len(rows), max(1, self.workers), None)
            )
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Tensor]:
        """Decode one batch after the other, worker processes running ahead."""
        found = self._workers.batches(rows) if self.workers else map(self._read, rows)
        return (images.permute(0, 3, 1, 2) for images in found)

    @cached_property
    def _workers(self) -> Workers:
        return Workers(self._read, self.workers)

    def _read(self, rows: NDArray[np.int64]) -> Tensor:
        with silent_pillow():
            return torch.from_numpy(np.stack([self._image(int(row)) for row in rows]))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the workers to this process."""
        return {name: value for name, value in vars(self).items() if name != "_workers"}

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
