"""Raw images -> one decoded folder on disk: whole or not there at all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from groundwork.core.atomic import atomic_path
from groundwork.core.errors import UserError
from groundwork.data.store.decode import BadImageError
from groundwork.data.store.origin import Origin, Progress, formed, parallel, raw
from groundwork.data.store.resize import Form

# A builder shows every few seconds that it lives; a folder silent for this long belongs to a killed one.
ABANDONED_SECONDS = 600.0
ALIVE_SECONDS = 5.0
# Images that a thread decodes before it resizes them, and the memory at which it stops earlier.
BLOCK = 8
HELD_BYTES = 2**23

# Digest, note, and reason why it is bad; one of the last two or both are "".
Row = tuple[str, str, str]
# Row number, and the image with its note or the reason why there is none.
Decoded = tuple[int, tuple[NDArray[Any], str] | str]


def build(
    origin: Origin,
    form: Form,
    bad: dict[int, str],
    folder: Path,
    workers: int,
    keep: bool,
    progress: Progress | None,
) -> None:
    """Decode every row into `folder`, which appears complete under its name or not at all.

    Args:
        bad: Rows known to be unreadable, with the reason; more may turn up.
        keep: False only hashes and checks the images, for streaming.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder.parent)
    building = folder.with_name(f".building-{uuid4().hex}")
    building.mkdir()
    try:
        record = _decode_all(origin, form, bad, building, workers, keep, progress)
        with atomic_path(building / "store.json") as temporary:
            temporary.write_text(json.dumps(record), encoding="utf-8")
        try:
            building.replace(folder)
        except OSError:
            # Another run was first; its content is the same by construction of the name.
            if not (folder / "store.json").exists():
                raise
    finally:
        rmtree(building, ignore_errors=True)


def _decode_all(
    origin: Origin,
    form: Form,
    bad: dict[int, str],
    building: Path,
    workers: int,
    keep: bool,
    progress: Progress | None,
) -> dict[str, Any]:
    images = _allocate(building / "images.npy", (len(origin), *form.shape), form.dtype) if keep else None
    number = len(origin)

    def work(block: int) -> list[Row]:
        rows = range(block * BLOCK, min((block + 1) * BLOCK, number))
        return [found for held in _held(origin, form, bad, rows) for found in _finish(held, form, images)]

    def show(done: int, _: int) -> None:
        if progress is not None:
            progress(min(done * BLOCK, number), number)

    rows, alive = [], time.monotonic()
    for results in parallel(work, -(-number // BLOCK), workers, show):
        rows += results
        if time.monotonic() - alive > ALIVE_SECONDS:
            os.utime(building)
            alive = time.monotonic()
    if images is not None:
        images.flush()
    return {
        "form": asdict(form),
        "digest": [digest for digest, _, _ in rows],
        "note": {row: note for row, (_, note, _) in enumerate(rows) if note},
        "bad": {row: reason for row, (_, _, reason) in enumerate(rows) if reason},
    }


def _held(origin: Origin, form: Form, bad: dict[int, str], rows: range) -> Iterator[list[Decoded]]:
    """Decode some images before any of them is resized: taking turns costs a fifth more in cache misses."""
    held: list[Decoded] = []
    for row in rows:
        try:
            held.append((row, bad[row]) if row in bad else (row, raw(origin, form, row)))
        except BadImageError as error:
            held.append((row, str(error)))
        if sum(image[0].nbytes for _, image in held if not isinstance(image, str)) > HELD_BYTES:
            yield held
            held = []
    yield held


def _finish(held: list[Decoded], form: Form, images: NDArray[Any] | None) -> Iterator[Row]:
    for row, found in held:
        try:
            if isinstance(found, str):
                raise BadImageError(found)
            pixels, digest = formed(found[0], form)
        except BadImageError as error:
            yield "", "", str(error)
            continue
        if images is not None:
            images[row] = pixels
        yield digest, found[1], ""


def _allocate(path: Path, shape: tuple[int, ...], dtype: str) -> np.memmap[Any, Any]:
    try:
        return npy.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    except OSError as error:
        need = np.prod(shape) * np.dtype(dtype).itemsize / 2**30
        raise UserError(
            f"paths.cache must have {need:.1f} GiB free, but got {error} ({path.parent}). Free it."
        ) from error


def remove_abandoned(folder: Path) -> None:
    """Remove what killed builders left behind."""
    for left in folder.glob(".building-*"):
        try:
            silent = time.time() - left.stat().st_mtime
        except FileNotFoundError:
            continue
        if silent > ABANDONED_SECONDS:
            rmtree(left, ignore_errors=True)
