"""Features of a frozen backbone, computed once per sample and kept on disk."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from groundwork.core.atomic import atomic_path
from groundwork.core.cache import limit_cache, touch

Compute = Callable[[NDArray[np.int64]], Sequence[NDArray[np.float32]]]
# A part is written at about this size: a crash loses no more than that.
PART_BYTES = 64 * 2**20
# How often features are looked up again when another process removes them meanwhile.
ATTEMPTS = 3


def feature_key(**parts: object) -> str:
    """Name a cache by everything that its numbers depend on: weights, transform, data, precision."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class StageCache:
    """Name one of the caches of what a frozen backbone computes.

    Args:
        folder: Of all caches of this kind.
        key: Names this one by everything that its numbers depend on; see `feature_key`.
        batch_size: Rows of one call of `compute`.
        cap_gb: Oldest other caches are removed while all together hold more gigabytes.
    """

    folder: Path
    key: str
    batch_size: int
    cap_gb: float

    @property
    def home(self) -> Path:
        """Give the folder of this cache."""
        return self.folder / self.key

    def make_room(self) -> None:
        """Remove what was not used for longest, but never this cache."""
        limit_cache([self.folder], int(self.cap_gb * 1e9), keep=self.home)


class FeatureCache(StageCache):
    """Keep the features of each stage for the rows that were asked for, and no others.

    Each process writes what it computes as parts of its own, each complete before it gets its name, so
    that processes may fill one cache at once and a crash leaves no wrong number.
    """

    def features(
        self,
        rows: NDArray[np.int64],
        compute: Compute,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        """Return features of the rows, computing only those that no process has computed yet.

        Args:
            rows: (M,) numbers of samples.
            compute: Takes some rows (B,), gives one (B, D_s) float32 array per stage.
            progress: Called with rows done and rows to do.

        Returns:
            One (M, D_s) array per stage.
        """
        rows = np.asarray(rows, dtype=np.int64)
        for _ in range(ATTEMPTS):
            missing = np.setdiff1d(rows, self.done())
            if len(missing):
                self._fill(missing, compute, progress)
                self.make_room()
            if (loaded := self._load(rows)) is not None:
                return loaded
        raise OSError(f"{self.home} must keep its files while they are read, but they disappear")

    def done(self) -> NDArray[np.int64]:
        """List the rows that are there, sorted."""
        found = [part.get_tensor("rows") for part in self._parts()]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def _parts(self) -> Iterator[Any]:
        """Open one part after the other; one that another process removed, or a disk broke, is not there."""
        for path in sorted(self.home.glob("*.safetensors")):
            try:
                with safe_open(path, framework="numpy") as part:
                    yield part
            except FileNotFoundError:
                continue
            except SafetensorError:
                path.unlink(missing_ok=True)

    def _fill(
        self, rows: NDArray[np.int64], compute: Compute, progress: Callable[[int, int], None] | None
    ) -> None:
        held: list[list[NDArray[np.float32]]] = []
        start, size = 0, 0
        for first in range(0, len(rows), self.batch_size):
            batch = rows[first : first + self.batch_size]
            held.append([np.asarray(stage, dtype=np.float32) for stage in compute(batch)])
            size += sum(stage.nbytes for stage in held[-1])
            done = first + len(batch)
            if size >= PART_BYTES or done == len(rows):
                self._write(rows[start:done], held)
                held, start, size = [], done, 0
            if progress is not None:
                progress(done, len(rows))

    def _write(self, rows: NDArray[np.int64], held: list[list[NDArray[np.float32]]]) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[np.generic]] = {"rows": rows}
        for number, stage in enumerate(zip(*held, strict=True)):
            arrays[f"stage_{number}"] = np.ascontiguousarray(np.concatenate(stage))
        with atomic_path(self.home / f"{uuid4().hex}.safetensors") as temporary:
            save_file(arrays, temporary)

    def _load(self, rows: NDArray[np.int64]) -> list[NDArray[np.float32]] | None:
        """Gather the rows from all parts; None if some are gone, because another process made room."""
        order = np.argsort(rows, kind="stable")
        filled = np.zeros(len(rows), dtype=bool)
        loaded: dict[int, NDArray[np.float32]] = {}
        for part in self._parts():
            stored = part.get_tensor("rows")
            first = np.searchsorted(rows, stored, side="left", sorter=order)
            last = np.searchsorted(rows, stored, side="right", sorter=order)
            source = np.repeat(np.arange(len(stored)), last - first)
            if not len(source):
                continue
            place = order[np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])]
            for stage in range(len(part.keys()) - 1):
                values = part.get_tensor(f"stage_{stage}")
                if stage not in loaded:
                    loaded[stage] = np.empty((len(rows), values.shape[1]), dtype=np.float32)
                loaded[stage][place] = values[source]
            filled[place] = True
        if not filled.all():
            return None
        touch(self.home)
        return [loaded[stage] for stage in sorted(loaded)]
