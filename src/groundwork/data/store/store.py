"""Image files -> one decoded memory map on disk, made once and found again by content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.cache import kind_folders, limit_cache, touch
from groundwork.core.cores import own_cores
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.data.normalize import image_statistics
from groundwork.data.samples import Samples
from groundwork.data.store.build import build
from groundwork.data.store.decode import MAX_PIXELS
from groundwork.data.store.origin import Files, Origin, Pixels, Progress, read_headers, silent_pillow
from groundwork.data.store.record import Images, find, read_record, remember
from groundwork.data.store.resize import unify
from groundwork.data.store.stream import Stream

# Size, resize, window, max_bytes: what decides what is stored, beside the images themselves.
Wanted = tuple[tuple[int, int] | None, str, Any, int]
# Stands for how pixels come about: raise it whenever decoding or resizing changes what is stored.
VERSION = 1


@dataclass(frozen=True)
class Store(Images):
    """Hold N decoded images of one form, read from disk as they are used; a bad one is all zeros.

    Attributes:
        images: (N, H, W, C) read-only memory map.
    """

    images: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Give (C, H, W) of one image."""
        _, height, width, channels = self.images.shape
        return channels, height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Give uint8, uint16 or float32."""
        return self.images.dtype

    def statistics(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Measure each channel over some images, see `image_statistics`."""
        return image_statistics(self.images, rows)

    @cached_property
    def _pixels(self) -> NDArray[Any]:
        return np.asarray(self.images)  # indexing the memmap subclass itself is slower

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy images (B, C, H, W) out of the store, channels last in memory."""
        return torch.from_numpy(self._pixels.take(rows, axis=0)).permute(0, 3, 1, 2)


def build_store(
    samples: Samples,
    image_size: int | Sequence[int] | None,
    resize: str,
    cache: Path,
    workers: int | None,
    window: Sequence[float] | None,
    max_bytes: int,
    progress: Progress | None,
    max_pixels: int | None = None,
) -> Store | Stream:
    """Decode all images of a data set once; later runs find them by content without decoding.

    Args:
        image_size: One number for a square, or height and width; None keeps the images' own common size.
        resize: "crop", "pad" or "squash".
        cache: Folder of all caches; the store lies in `store/` below it.
        workers: Processes that decode once images are streamed; None takes one per core.
        window: Raw values that become 0 and 1.
        max_bytes: A larger data set is streamed by worker processes; also the cap of the cache folder.
        progress: Called with the number of images done and the number of all.
        max_pixels: Of an image; one that claims more is bad. None, as in the first edition: MAX_PIXELS.
    """
    limit, threads = MAX_PIXELS if max_pixels is None else max_pixels, own_cores()
    check_range("data.max_pixels", limit, "[1, inf)", whole=True)
    wanted = image_sides(image_size), resize, window and tuple(window), max_bytes
    origin = _origin(samples, limit)
    folder, status = cache / "store", _key(wanted, origin.status(), limit)
    entry = find(folder, status)
    with silent_pillow():
        if entry is None:
            entry = folder / _key(wanted, origin.content(threads), limit)
            if not (entry / "store.json").is_file():
                _build(origin, wanted, entry, threads, progress)
            remember(folder, status, entry.name)
    touch(entry)
    limit_cache(kind_folders(cache), max_bytes, entry)
    return _open(entry, origin, list(samples.sample_id), threads if workers is None else workers)


def _origin(samples: Samples, max_pixels: int) -> Origin:
    if samples.pixels is not None:
        return Pixels(samples.pixels)
    if samples.path is None:
        raise ValueError("a store holds images, but these samples have neither path nor pixels")
    return Files([Path(path) for path in samples.path], max_pixels)


def _key(wanted: Wanted, content: str, max_pixels: int) -> str:
    # Stores of the first edition, which knew one limit, are found again.
    limit = "" if max_pixels == MAX_PIXELS else f" {max_pixels}"
    return hashlib.sha256(f"{VERSION} {wanted} {content}{limit}".encode()).hexdigest()[:32]


def image_sides(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Read `data.image_size` as height and width."""
    if image_size is None:
        return None
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    for side in (height, width):
        check_range("data.image_size", side, "[1, inf)")
    return int(height), int(width)


def _build(origin: Origin, wanted: Wanted, entry: Path, workers: int, progress: Progress | None) -> None:
    size, resize, window, max_bytes = wanted
    headers, bad = read_headers(origin, workers)
    if not headers:
        reason = f"{len(bad)} of {len(bad)} could not be read, the first because it {bad[0]}"
        raise UserError(f"Images must be readable, but {reason}. Check data.root and the file format.")
    form = unify(headers, size, resize, window)
    num_bytes = len(origin) * int(np.prod(form.shape)) * np.dtype(form.dtype).itemsize
    build(origin, form, bad, entry, workers, num_bytes <= max_bytes, progress)


def _open(entry: Path, origin: Origin, sample_id: Sequence[str], workers: int) -> Store | Stream:
    form, digest, bad, note = read_record(entry, sample_id)
    path = entry / "images.npy"
    if path.exists():
        return Store(digest, bad, note, np.load(path, mmap_mode="r"))
    return Stream(digest, bad, note, origin, form, workers)
