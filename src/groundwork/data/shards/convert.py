"""Samples in image files -> shards: chunks, samples.parquet, and index.json last of all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from os import getpid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groundwork.core.batch import SPLITS
from groundwork.core.console import Console
from groundwork.core.cores import own_cores
from groundwork.core.errors import UserError
from groundwork.core.lock import BusyError, locked
from groundwork.core.text import quoted
from groundwork.data.images import refuse_unreadable
from groundwork.data.order import Order
from groundwork.data.prepare import Preparation, complete_rows
from groundwork.data.samples import Samples
from groundwork.data.shards.finish import joined, publish, write_found, write_index
from groundwork.data.shards.place import is_remote, provider
from groundwork.data.shards.shards import INDEX, VERSION
from groundwork.data.shards.write import CHUNK_BYTES, ChunkWriter
from groundwork.data.split.keys import SplitKeys
from groundwork.data.store.decode import MAX_PIXELS
from groundwork.data.store.origin import Files, parallel, read_headers, silent_pillow
from groundwork.data.store.resize import unify
from groundwork.data.store.store import image_sides
from groundwork.data.target import Target

Rows = NDArray[np.int64]


def convert_images(
    samples: Samples,
    target: Target,
    how: Preparation,
    url: str,
    console: Console,
    chunk_bytes: int = CHUNK_BYTES,
) -> dict[str, Any]:
    """Write the images of samples as shards, in chunks of their own for train, val and test.

    Args:
        how: Gives the split, and the form in which images are measured.
        url: Folder that is not there yet, or an address.
        chunk_bytes: Size at which a chunk is full.

    Returns:
        What was found: counts, mean and std of train, duplicates, broken files, split_hash.

    Raises:
        UserError: If the images are no files, something lies there already, or a file can't be read and
            `data.unreadable` is error.
    """
    if samples.path is None or how.decoding is None:
        raise UserError("shards= must have images in files, but this data has none. Use data=image_folder.")
    _check_possible(samples)
    _check_free(url)
    data = how.decoding.data
    files = Files([Path(path) for path in samples.path], data.get("max_pixels") or MAX_PIXELS)
    with silent_pillow(), console.progress("converting", "chunks") as bar:
        headers, bad = read_headers(files, own_cores())
        broken = {samples.sample_id.iloc[row]: reason for row, reason in bad.items()}
        _check_broken(broken, len(samples), data["unreadable"])
        form = unify(headers, image_sides(data["image_size"]), data["resize"], data.get("window"))
        rows = np.setdiff1d(np.arange(len(samples)), [*bad])
        chunks = _cut(rows, _parts(samples.take(rows), target, how), files.paths, chunk_bytes)
        key = hashlib.sha256(f"{VERSION} {files.status()} {form} {url}".encode())
        key.update(np.concatenate(chunks).tobytes())
        with _work(url, how.decoding.cache, key.hexdigest()[:16]) as work:
            writer = ChunkWriter(samples, form, files.max_pixels, chunks, work, url)
            written = list(parallel(writer.write, len(chunks), own_cores(), bar))
            records = pd.concat([each for each, _ in written], ignore_index=True)
            late = records[records.bad != ""]
            broken |= dict(zip(samples.sample_id.iloc[late.row], late.bad, strict=True))
            _check_broken(broken, len(samples), data["unreadable"])
            write_index(work, [index for _, index in written if index])
            table = joined(samples, records[records.bad == ""].reset_index(drop=True))
            known = {"form": asdict(form), "broken": broken, "notes": list(samples.notes)}
            found = write_found(work, table, known, target, how, console)
            publish(work, url)
    return found


def _check_possible(samples: Samples) -> None:
    if samples.inputs.shape[1]:
        raise UserError(
            f"shards= must hold images alone, but data.inputs names {quoted(samples.inputs.columns)}. Leave it out."
        )
    if find_spec("litdata") is None:
        raise UserError("shards= needs litdata, which is not installed. Run: uv sync --extra shards.")


def _check_free(url: str) -> None:
    if not is_remote(url):
        place = Path(url)
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise UserError(f"shards must be a folder that is not there yet, but {url} is. Name another one.")
    elif provider(url, getpid()).exists(f"{url}/{INDEX}"):
        raise UserError(f"shards must be an address without shards, but {url} has some. Name another one.")


def _check_broken(broken: dict[str, str], number: int, unreadable: str) -> None:
    if broken and (unreadable == "error" or len(broken) == number):
        refuse_unreadable(broken.items(), number)


def _parts(samples: Samples, target: Target, how: Preparation) -> NDArray[Any]:
    """Guess the split of each sample, (N,), before anyone knows which have equal pixels.

    It only says which samples share chunks, so that training does not fetch those of val; no number follows from it.
    """
    part = np.full(len(samples), "train", dtype="<U5")
    keep = np.flatnonzero(complete_rows(how.missing, samples))
    known = samples.take(keep)
    keys = SplitKeys(
        sample_id=known.sample_id.to_numpy(),
        target=target.encode(known.target),
        group=known.group,
        order=known.order,
        official=known.official,
        classes=target.classes,
    )
    part[keep] = how.split(keys)
    return part


def _cut(rows: Rows, part: NDArray[Any], paths: Sequence[Path], chunk_bytes: int) -> list[Rows]:
    """Cut rows into chunks of one part each, in a drawn order, since folders are sorted by class."""
    chunks = []
    for name in SPLITS:
        own = rows[part == name]
        own = own[Order(0).permutation(len(own), 0)]
        sizes = np.array([paths[row].stat().st_size for row in own], dtype=np.int64)
        number = (np.cumsum(sizes) - sizes) // chunk_bytes
        chunks += [each for each in np.split(own, np.flatnonzero(np.diff(number)) + 1) if len(each)]
    return chunks


@contextmanager
def _work(url: str, cache: Path, key: str) -> Iterator[Path]:
    """Give the folder of a conversion, in which an earlier process may have got far."""
    place = Path(url)
    above = cache / "shards" if is_remote(url) else place.parent
    name = "shards" if is_remote(url) else place.name
    work = above / f".building-{name}-{key}"
    work.mkdir(parents=True, exist_ok=True)
    try:
        with locked(work / ".lock", wait=False):
            yield work
    except BusyError as error:
        raise UserError(
            f"shards={url} must be written by one command, but another one is at it. Wait."
        ) from error
