"""What a pass over images found -> samples.parquet and index.json, which make shards of chunks."""

from __future__ import annotations

import hashlib
import json
from os import getpid
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet as parquet
from pandas import DataFrame

from groundwork.core.console import Console
from groundwork.data.prepare import Preparation, prepare
from groundwork.data.samples import Samples
from groundwork.data.shards.place import Place, is_remote, provider
from groundwork.data.shards.read import shard_samples
from groundwork.data.shards.shards import HEADER, INDEX, META, SAMPLES, TARGET, VERSION, Shards
from groundwork.data.shards.stream import ShardStream
from groundwork.data.target import Target


def joined(samples: Samples, records: DataFrame) -> DataFrame:
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


def write_index(work: Path, written: list[dict[str, Any]]) -> None:
    """Write what litdata's own merging of workers does, and the version of ours."""
    chunks = [chunk for index in written for chunk in index["chunks"]]
    content = {"chunks": chunks, "config": written[0]["config"], META.decode(): VERSION}
    (work / INDEX).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")


def _write_table(work: Path, table: DataFrame, found: dict[str, Any]) -> None:
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    told = {**(arrow.schema.metadata or {}), META: json.dumps(found).encode()}
    parquet.write_table(arrow.replace_schema_metadata(told), work / SAMPLES)


def write_found(
    work: Path, table: DataFrame, known: dict[str, Any], target: Target, how: Preparation, console: Console
) -> dict[str, Any]:
    """Split the shards as a run does, measure train, and write samples.parquet.

    Args:
        table: See `joined`.
        known: What the pass found besides.
    """
    targets = [name.removeprefix(TARGET) for name in table.columns if name.startswith(TARGET)]
    known |= {"version": VERSION, "targets": targets, "content": _content(table)}
    _write_table(work, table, known)
    samples = shard_samples(Shards.open(Place(str(work), work, 0)))
    data = prepare(samples, target, how, console)
    assert isinstance(data.source, ShardStream)
    mean, std = data.source.statistics(data.rows["train"])
    digest = data.source.digest
    known |= {
        "split_hash": data.split_hash,
        "classes": list(target.classes),
        "num_samples": {part: len(rows) for part, rows in data.rows.items()},
        "counts": {part: data.counts(part).tolist() for part in data.rows} if target.classes else {},
        "mean": mean.tolist(),
        "std": std.tolist(),
        "duplicates": len(digest) - len(np.unique(digest)),
    }
    if how.group_near and data.samples.group is not None:  # found here once, for every training
        near = dict(zip(data.samples.sample_id, data.samples.group, strict=True))
        table = table.assign(group=table.sample_id.map(near).fillna(table.sample_id))
    split = dict(zip(data.samples.sample_id, data.split.tolist(), strict=True))
    _write_table(work, table.assign(split=table.sample_id.map(split).fillna("")), known)
    return known


def publish(work: Path, url: str) -> None:
    """Hand the shards over at once: the folder by its name, an address by its index.

    The index names the table, too, so that a cache tells shards of other labels from these.
    """
    index = json.loads((work / INDEX).read_text(encoding="utf-8"))
    index[SAMPLES] = hashlib.sha256((work / SAMPLES).read_bytes()).hexdigest()
    (work / INDEX).write_text(json.dumps(index, sort_keys=True), encoding="utf-8")
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
