"""Samples -> their decoded images; unreadable files stop the run, or are left out by name."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.core.ranges import check_choice
from groundwork.core.text import shortlist
from groundwork.data.readers.image_folder import UNREADABLE
from groundwork.data.samples import Samples
from groundwork.data.shards.stream import ShardStream, open_shards
from groundwork.data.store.store import Store, build_store
from groundwork.data.store.stream import Stream

# Names in one line; audit lists them all.
NAMED = 5


def with_reasons(bad: Iterable[tuple[str, str]]) -> str:
    """Name the first of some files with the reason why each cannot be read."""
    return shortlist((f"{name} ({reason})" for name, reason in bad), NAMED, between="; ")


def refuse_unreadable(bad: Collection[tuple[str, str]], number: int) -> NoReturn:
    """Stop because of some of a number of images.

    Raises:
        UserError: With their names and reasons.
    """
    raise UserError(
        f"every image must be readable, but {len(bad)} of {number} are not: {with_reasons(bad)}. "
        f"Repair or remove them, or use data.unreadable=drop."
    )


@dataclass(frozen=True)
class Decoding:
    """Say how images are decoded and where they are kept; see `build_store`.

    Args:
        data: Keys of `conf/data/_image.yaml`.
        cache: Folder of all caches.
        max_bytes: What the cache may hold; a larger data set is streamed.
    """

    data: Mapping[str, Any]
    cache: Path
    max_bytes: int

    def __post_init__(self) -> None:
        check_choice("data.unreadable", self.data["unreadable"], UNREADABLE)

    @classmethod
    def from_config(cls, config: Any) -> Self:
        """Read the groups `data` and `paths` of a configuration."""
        return cls(config.data, Path(config.paths.cache), int(config.paths.cache_gb * 1e9))

    def build(self, samples: Samples, console: Console) -> Store | Stream:
        """Decode what can be decoded, once for all runs and ranks, and know what cannot."""
        if samples.shards is not None:
            return open_shards(samples.shards, **self._form())
        folder = self.cache / "store"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(str(samples.root).encode()).hexdigest()[:16]
        # Whoever comes second finds what the first one stored.
        with locked(folder / f".{name}.lock"), console.progress("decoding images", "images") as bar:
            return build_store(
                samples, cache=self.cache, max_bytes=self.max_bytes, progress=bar, **self._form()
            )

    def _form(self) -> dict[str, Any]:
        optional = {key: self.data.get(key) for key in ("window", "max_pixels")}
        wanted = {"image_size": self.data["image_size"], "resize": self.data["resize"], **optional}
        return {**wanted, "workers": self.data.get("num_workers")}

    def decode(self, samples: Samples, console: Console) -> tuple[Samples, Store | Stream, list[str]]:
        """Decode the images of all samples.

        Returns:
            The samples that take part, their images in the same order, and a note on those left out.

        Raises:
            UserError: If a file can't be read and `data.unreadable` is error.
        """
        store = self.build(samples, console)
        if isinstance(store, Store) and self.data.get("num_workers") is not None:
            console.note(
                "data.num_workers has no effect: the images were decoded once, and none are streamed"
            )
        if not store.bad:
            return samples, store, store.notes() if isinstance(store, ShardStream) else []
        if self.data["unreadable"] == "error":
            refuse_unreadable(store.bad, len(samples))
        note = f"{len(store.bad)} of {len(samples)} images cannot be read and are left out: {with_reasons(store.bad)}"
        readable = ~samples.sample_id.isin([name for name, _ in store.bad])
        samples = samples.take(np.flatnonzero(readable))
        return samples, self.build(samples, console), [note]
