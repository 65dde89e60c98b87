"""The map of one stage for many images, computed once and read from disk: what later stages train on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.atomic import atomic_path
from groundwork.core.cache import touch
from groundwork.transfer.features import Compute, StageCache


class MapCache(StageCache):
    """Keep the maps of some rows, which its key names, too, in one file that is complete or not there."""

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
        file = self.home / "maps.npy"
        if not file.is_file():
            self._write(file, rows, compute, dtype, progress)
            self.make_room()
        touch(self.home)
        return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]  # numpy's own annotation

    def _write(
        self,
        file: Path,
        rows: NDArray[np.int64],
        compute: Compute,
        dtype: type[np.floating[Any]],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as temporary:
            maps = None
            for first in range(0, len(rows), self.batch_size):
                (batch,) = compute(rows[first : first + self.batch_size])
                batch = batch.transpose(0, 2, 3, 1)  # as images are stored: channels last
                if maps is None:
                    shape = (len(rows), *batch.shape[1:])
                    maps = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
                maps[first : first + len(batch)] = batch
                if progress is not None:
                    progress(first + len(batch), len(rows))
            if maps is not None:
                maps.flush()
            del maps  # Windows renames no file that is mapped
