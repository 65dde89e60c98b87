"""Chunks on the disk -> encoded images.

litdata writes the chunks, and its clients fetch them; they are read here. Its StreamingDataset draws an order of its
own for each number of ranks and workers, and promises no more than that; its BinaryReader fetches and deletes chunks
by threads that follow this order; its PyTreeLoader has one chunk open at a time. Here `Order` says what is read next,
by whichever process has the batch. A chunk holds the number of its items and where each begins and ends, then the
items: the sizes of its parts, and these.
"""

from __future__ import annotations

import mmap
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.data.order import STREAMS
from groundwork.data.shards.shards import Shards
from groundwork.data.store.decode import Header, decode, read_header

FETCHED = 8  # chunks at once
WORD = 4  # bytes of a number in a chunk

Opened = tuple[mmap.mmap, NDArray[np.uint32]]


class Chunks:
    """Encoded images in chunks, one per row, of so many pixels at most."""

    def __init__(self, shards: Shards, max_pixels: int):
        self.shards, self.max_pixels = shards, max_pixels
        self._open: OrderedDict[int, Opened] = OrderedDict()

    def __len__(self) -> int:
        return len(self.shards.rows)

    def header(self, row: int) -> Header:
        """Read the header of an image."""
        return read_header(self.encoded(row), self.max_pixels)

    def decode(self, row: int, least: int) -> tuple[NDArray[Any], str]:
        """Decode an image."""
        return decode(self.encoded(row), least, self.max_pixels)

    def status(self) -> str:
        """Name the content."""
        return str(self.shards.found["content"])

    def content(self, workers: int) -> str:
        """Name the content."""
        return self.status()

    def encoded(self, row: int) -> bytes:
        """Give the bytes of an image as its file held them."""
        chunk = int(self.shards.chunk[row])
        content, starts = self._opened(chunk)
        start = int(starts[int(self.shards.rows[row] - self.shards.index.first[chunk])])
        size = int(np.frombuffer(content, "<u4", 1, start)[0])
        start += WORD * self.shards.index.num_leaves
        return content[start : start + size]

    def fetch(self, rows: NDArray[np.int64]) -> None:
        """Bring the chunks of some rows to this machine, several at once."""
        wanted = [int(chunk) for chunk in np.unique(self.shards.chunk[rows]) if chunk not in self._open]
        if self.shards.place.is_remote and len(wanted) > 1:
            with ThreadPoolExecutor(FETCHED) as pool:
                list(pool.map(self._find, wanted))

    def _find(self, chunk: int) -> Any:
        index = self.shards.index
        return self.shards.place.find(index.name[chunk], index.num_bytes[chunk])

    def _opened(self, chunk: int) -> Opened:
        if chunk not in self._open:
            self._open[chunk] = self._map(chunk)
            if len(self._open) > 2 * STREAMS:
                with suppress(KeyError):  # another thread was first
                    self._open.popitem(last=False)
        return self._open[chunk]

    def _map(self, chunk: int) -> Opened:
        while True:
            try:
                with self._find(chunk).open("rb") as file:
                    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                break
            except FileNotFoundError:
                # Another process needed the room between the look and the opening; without a cache it is gone.
                if not self.shards.place.is_remote:
                    raise
        if hasattr(mmap, "MADV_WILLNEED"):
            content.madvise(mmap.MADV_WILLNEED)  # in one go, rather than in the drawn order of its images
        number = int(np.frombuffer(content, "<u4", 1)[0])
        return content, np.frombuffer(content, "<u4", number + 1, WORD)

    def __getstate__(self) -> dict[str, Any]:
        """Leave open files to this process."""
        return {**vars(self), "_open": OrderedDict()}
