"""What is known of a data set's images once all of them were decoded, and where it is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundwork.core.atomic import atomic_path
from groundwork.data.store.resize import Form


@dataclass(frozen=True)
class Images:
    """Say what decoding N images found.

    Attributes:
        digest: (N,) content hash of each image as stored; of a bad one, a word of its own.
        bad: sample_id and reason of each file that could not be decoded.
        note: sample_id and what decoding left out, such as the later frames of an animation.
    """

    digest: NDArray[np.str_]
    bad: list[tuple[str, str]]
    note: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.digest)

    @cached_property
    def key(self) -> str:
        """Hash the content of all images in their order: equal on every machine."""
        return hashlib.sha256("\n".join(self.digest).encode()).hexdigest()[:32]


Named = list[tuple[str, str]]


def read_record(folder: Path, sample_id: Sequence[str]) -> tuple[Form, NDArray[np.str_], Named, Named]:
    """Read form, digest, bad and note of a finished store, rows named by today's sample_id."""
    record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    bad = {int(row): reason for row, reason in record["bad"].items()}
    digest = [f"bad {sample_id[row]}" if row in bad else text for row, text in enumerate(record["digest"])]
    form = record["form"]
    height, width = form.pop("size")
    window = form.pop("window")
    return (
        Form(size=(height, width), window=window and (window[0], window[1]), **form),
        np.array(digest, dtype=np.str_),
        [(sample_id[row], reason) for row, reason in bad.items()],
        [(sample_id[int(row)], text) for row, text in record["note"].items()],
    )


def find(folder: Path, status: str) -> Path | None:
    """Find the finished store that files of this status led to before."""
    pointer = folder / ".status" / status
    if not pointer.is_file():
        return None
    found = folder / pointer.read_text(encoding="utf-8").strip()
    return found if (found / "store.json").is_file() else None


def remember(folder: Path, status: str, key: str) -> None:
    """Write down which store files of this status lead to."""
    pointer = folder / ".status" / status
    pointer.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(pointer) as temporary:  # by every rank: those of other machines have caches of their own
        temporary.write_text(key, encoding="utf-8")
