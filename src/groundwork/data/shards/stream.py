"""Shards -> batches by worker processes, without any pass over the images before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.cores import own_cores
from groundwork.core.errors import UserError
from groundwork.data.shards.chunks import Chunks
from groundwork.data.shards.shards import Shards
from groundwork.data.store.decode import MAX_PIXELS
from groundwork.data.store.resize import Form, unify
from groundwork.data.store.store import image_sides
from groundwork.data.store.stream import Stream


@dataclass(frozen=True)
class ShardStream(Stream):
    """Hold N images in chunks that are decoded at every use, see `Stream`.

    Attributes:
        origin: The chunks.
        chunk: (N,) number of the chunk that holds each image, for the order of an epoch.
    """

    origin: Chunks
    chunk: NDArray[np.int64]

    @cached_property
    def key(self) -> str:
        """Hash content and form: the digests are those of the form at conversion."""
        return hashlib.sha256("\n".join([*self.digest, str(self.form)]).encode()).hexdigest()[:32]

    def statistics(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Merge what was measured of each image as the shards were written, see `image_statistics`.

        Raises:
            UserError: If intensities are read otherwise than they were then.
        """
        found = self.origin.shards.found["form"]
        if list(self.form.window or ()) != list(found["window"] or ()):
            raise UserError(
                f"normalize=train must read intensities as convert.py measured them, by data.window={found['window']}, "
                f"but got {self.form.window}. Convert again, or use normalize=none."
            )
        names = [
            f"{what}_{channel}" for what in ("mean", "variance") for channel in range(self.form.channels)
        ]
        values = self.origin.shards.read(names).to_numpy()[rows]
        mean, variance = values[:, : self.form.channels], values[:, self.form.channels :]
        # The variance of a union of equal parts: the mean of theirs, and the variance of their means.
        total = variance.mean(axis=0) + mean.var(axis=0)
        varies = (variance > 0).any(axis=0) | (np.ptp(mean, axis=0) > 0)
        return mean.mean(axis=0), np.where(varies, np.sqrt(total), 1.0)

    def notes(self) -> list[str]:
        """Say where today's form differs from that of the statistics."""
        found = self.origin.shards.found["form"]
        was, now = (found["size"], found["resize"]), (list(self.form.size), self.form.resize)
        if was == now:
            return []
        return [
            f"images are read at {now[0]} pixels, {now[1]}; what normalize=train subtracts was measured at "
            f"{was[0]} pixels, {was[1]}, by convert.py"
        ]

    def _read(self, rows: NDArray[np.int64]) -> Tensor:
        self.origin.fetch(rows)
        return super()._read(rows)

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Decode images (B, C, H, W) on threads, channels last in memory."""
        self.origin.fetch(rows)
        return super().batch(rows)


def open_shards(
    shards: Shards,
    image_size: int | Sequence[int] | None,
    resize: str,
    workers: int | None,
    window: Sequence[float] | None,
    max_pixels: int | None,
) -> ShardStream:
    """Open shards as images of one form; see `build_store` for the arguments.

    Raises:
        UserError: If one claims more pixels than are allowed.
    """
    headers, limit = shards.headers(), MAX_PIXELS if max_pixels is None else max_pixels
    if (most := max(one.size[0] * one.size[1] for one in headers)) > limit:
        raise UserError(
            f"data.max_pixels must allow the largest image of the shards, {most:,} pixels, but is {limit:,}. Use "
            f"data.max_pixels={most}."
        )
    form: Form = unify(headers, image_sides(image_size), resize, window)
    known = shards.read(["sample_id", "digest", "note"])
    noted: Any = known[known.note != ""]
    return ShardStream(
        np.array(known.digest, dtype=np.str_),
        [],
        list(zip(noted.sample_id, noted.note, strict=True)),
        Chunks(shards, limit),
        form,
        own_cores() if workers is None else workers,
        shards.chunk,
    )
