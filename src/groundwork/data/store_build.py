"""Raw images -> one decoded folder on disk: whole or not there at all."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.lib import format as npy

from groundwork.batch import UserError
from groundwork.data.decode import BadImageError
from groundwork.data.origin import Origin, Progress, formed, parallel
from groundwork.data.resize import Form

# A builder shows every few seconds that it lives; a folder silent for this long belongs to a killed one.
ABANDONED_SECONDS = 600.0
ALIVE_SECONDS = 5.0


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
        (building / "store.json").write_text(json.dumps(record), encoding="utf-8")
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

    def work(row: int) -> tuple[str, str, str]:
        if row in bad:
            return "", "", bad[row]
        try:
            pixels, digest, note = formed(origin, form, row)
        except BadImageError as error:
            return "", "", str(error)
        if images is not None:
            images[row] = pixels
        return digest, note, ""

    rows, alive = [], time.monotonic()
    for result in parallel(work, len(origin), workers, progress):
        rows.append(result)
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
