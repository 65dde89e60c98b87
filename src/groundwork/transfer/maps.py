"""The map of one stage for many images, computed once and read from disk: what later stages train on."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.transfer.features import Compute, prune, written_whole


class MapCache:
    """Keep the maps of some rows in one file, which is whole or not there.

    Args:
        folder: Of all caches.
        key: Names this one by everything that its numbers depend on, the rows among it; see `feature_key`.
        batch_size: Rows of one call of `compute`.
        cap_gb: Oldest other caches are removed while all together hold more gigabytes.
    """

    def __init__(self, folder: Path, key: str, batch_size: int, cap_gb: float) -> None:
        self.folder, self.key, self.batch_size, self.cap_gb = Path(folder), key, batch_size, cap_gb

    def maps(
        self,
        rows: NDArray[np.int64],
        compute: Compute,
        dtype: type[np.floating[Any]],
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[Any]:
        """Return the maps of the rows, (M, H, W, C), memory-mapped and read-only.

        Args:
            rows: (M,) numbers of samples.
            compute: Takes some rows (B,), gives one (B, C, H, W) float32 array.
            dtype: What is stored; float16 halves the room.
            progress: Called with rows done and rows to do.
        """
        file = self.folder / self.key / "maps.npy"
        if not file.is_file():
            self._write(file, rows, compute, dtype, progress)
            prune(self.folder, self.cap_gb, keep=self.key)
        with suppress(FileNotFoundError):  # another process has made room since
            os.utime(file.parent)
        return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]  # numpy's own annotation

    def _write(
        self,
        file: Path,
        rows: NDArray[np.int64],
        compute: Compute,
        dtype: type[np.floating[Any]],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as unfinished:
            maps = None
            for first in range(0, len(rows), self.batch_size):
                (batch,) = compute(rows[first : first + self.batch_size])
                batch = batch.transpose(0, 2, 3, 1)  # as images are stored: channels last
                if maps is None:
                    shape = (len(rows), *batch.shape[1:])
                    maps = np.lib.format.open_memmap(unfinished, mode="w+", dtype=dtype, shape=shape)
                maps[first : first + len(batch)] = batch
                if progress is not None:
                    progress(first + len(batch), len(rows))
            if maps is not None:
                maps.flush()
            del maps  # Windows renames no file that is mapped
