"""Samples in image files -> shards: chunks, samples.parquet, and index.json last of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from os import getpid
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.batch import SPLITS
from groundwork.core.console import Console
from groundwork.core.cores import own_cores
from groundwork.core.errors import UserError
from groundwork.core.lock import BusyError, locked
from groundwork.core.text import shortlist
from groundwork.data.images import NAMED
from groundwork.data.order import Order
from groundwork.data.prepare import Preparation, complete_rows, prepare
from groundwork.data.samples import Samples
from groundwork.data.shards.place import Place, is_remote, provider
from groundwork.data.shards.read import shard_samples
from groundwork.data.shards.shards import HEADER, INDEX, META, SAMPLES, TARGET, VERSION, Shards
from groundwork.data.shards.stream import ShardStream
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
    data, paths = how.decoding.data, [Path(path) for path in samples.path]
    _check_free(url)
    files = Files(paths, data.get("max_pixels") or MAX_PIXELS)
    with silent_pillow(), console.progress("converting", "chunks") as bar:
        headers, bad = read_headers(files, own_cores())
        broken = {samples.sample_id.iloc[row]: reason for row, reason in bad.items()}
        _refuse_broken(broken, len(samples), data["unreadable"])
        form = unify(headers, image_sides(data["image_size"]), data["resize"], data.get("window"))
        rows = np.setdiff1d(np.arange(len(samples)), [*bad])
        chunks = _cut(rows, _parts(samples.take(rows), target, how), paths, chunk_bytes)
        key = hashlib.sha256(f"{VERSION} {files.status()} {form} {url}".encode())
        key.update(np.concatenate(chunks).tobytes())
        with _work(url, how.decoding.cache, key.hexdigest()[:16]) as work:
            writer = ChunkWriter(samples, form, files.max_pixels, chunks, work, url)
            written = list(parallel(writer.write, len(chunks), own_cores(), bar))
            records = pd.concat([each for each, _ in written], ignore_index=True)
            late = records[records.bad != ""]
            broken |= dict(zip(samples.sample_id.iloc[late.row], late.bad, strict=True))
            _refuse_broken(broken, len(samples), data["unreadable"])
            found = {"version": VERSION, "form": asdict(form), "broken": broken, "notes": list(samples.notes)}
            table = _table(samples, records[records.bad == ""].reset_index(drop=True))
            _write_index(work, [index for _, index in written if index])
            found |= {"targets": [str(name) for name in samples.target.columns], "content": _content(table)}
            _write_table(work, table, found)
            known, split = _prepared(work, target, how, console)
            table["split"] = table.sample_id.map(split).fillna("")
            _write_table(work, table, found | known)
            _publish(work, url)
    return found | known


def _check_free(url: str) -> None:
    if not is_remote(url):
        place = Path(url)
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise UserError(f"shards must be a folder that is not there yet, but {url} is. Name another one.")
    elif provider(url, getpid()).exists(f"{url}/{INDEX}"):
        raise UserError(f"shards must be an address without shards, but {url} has some. Name another one.")


def _refuse_broken(broken: dict[str, str], number: int, unreadable: str) -> None:
    if broken and (unreadable == "error" or len(broken) == number):
        named = shortlist((f"{name} ({reason})" for name, reason in broken.items()), NAMED, between="; ")
        raise UserError(
            f"every image must be readable, but {len(broken)} of {number} are not: {named}. "
            f"Repair or remove them, or use data.unreadable=drop."
        )


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


def _cut(rows: Rows, part: NDArray[Any], paths: list[Path], chunk_bytes: int) -> list[Rows]:
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


def _table(samples: Samples, records: DataFrame) -> DataFrame:
    """Join what the source and the pass know of each sample, in the order of the chunks."""
    own = samples.take(records.row.to_numpy())
    table = DataFrame({"sample_id": own.sample_id})
    for name in own.target.columns:
        table[f"{TARGET}{name}"] = own.target[name]
    for name in ("group", "official", "order"):
        if (column := getattr(own, name)) is not None:
            table[name] = column
    measured = [name for name in records.columns if name.startswith(("mean_", "variance_"))]
    kept = ["digest", "note", "width", *HEADER, "mode", "format", *measured]
    return table.join(records[list(dict.fromkeys(kept))])


def _content(table: DataFrame) -> str:
    return hashlib.sha256("\n".join(table.digest).encode()).hexdigest()[:32]


def _write_index(work: Path, written: list[dict[str, Any]]) -> None:
    """Write what litdata's own merging of workers does, and the version of ours."""
    chunks = [chunk for index in written for chunk in index["chunks"]]
    content = {"chunks": chunks, "config": written[0]["config"], META.decode(): VERSION}
    (work / INDEX).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")


def _write_table(work: Path, table: DataFrame, found: dict[str, Any]) -> None:
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    told = {**(arrow.schema.metadata or {}), META: json.dumps(found).encode()}
    parquet.write_table(arrow.replace_schema_metadata(told), work / SAMPLES)


def _prepared(
    work: Path, target: Target, how: Preparation, console: Console
) -> tuple[dict[str, Any], dict[str, str]]:
    """Split the shards as a run does, and measure train."""
    samples = shard_samples(Shards.open(Place(str(work), work, 0)))
    data = prepare(samples, target, how, console)
    assert isinstance(data.source, ShardStream)
    counts = {part: len(rows) for part, rows in data.rows.items()}
    classes = {part: data.counts(part).tolist() for part in data.rows} if target.classes else {}
    mean, std = data.source.statistics(data.rows["train"])
    digest = data.source.digest
    known = {
        "split_hash": data.split_hash,
        "classes": list(target.classes),
        "num_samples": counts,
        "counts": classes,
        "mean": mean.tolist(),
        "std": std.tolist(),
        "duplicates": len(digest) - len(np.unique(digest)),
    }
    return known, dict(zip(data.samples.sample_id, data.split.tolist(), strict=True))


def _publish(work: Path, url: str) -> None:
    """Hand the shards over at once: the folder by its name, an address by its index."""
    if is_remote(url):
        for name in (SAMPLES, INDEX):
            provider(url, getpid()).upload_file(str(work / name), f"{url}/{name}")
        rmtree(work)
        return
    for each in [*work.glob("[0-9]*.parquet"), *work.glob("[0-9]*.json"), work / ".lock"]:
        each.unlink()
    if Path(url).is_dir():
        Path(url).rmdir()
    work.replace(url)
