"""Shards: which chunk holds which sample, and what is known of each sample without reading a chunk.

A folder of shards is a data set of litdata: chunk-0-K.bin and index.json, each item a tuple of the encoded image as it
was, sample_id, and the targets. `samples.parquet` beside them holds a row per sample, in the order of the chunks, and
what the pass that wrote them found. index.json is written last: without it there are no shards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.data.shards.place import Place
from groundwork.data.store.decode import Header

INDEX, SAMPLES = "index.json", "samples.parquet"
VERSION = 1  # of the columns of `samples.parquet`
META = b"groundwork"  # key of what the pass found, in the schema of `samples.parquet`
TARGET = "target "  # begins the columns of targets
HEADER = ["height", "width", "channels", "dtype"]


@dataclass(frozen=True)
class Index:
    """Hold what index.json says.

    Attributes:
        name: (C,) files of the chunks.
        num_bytes: (C,) their sizes.
        first: (C + 1,) number of the first sample of each chunk, and of all.
        num_leaves: Parts of an item; the image is the first.
    """

    name: Sequence[str]
    num_bytes: Sequence[int]
    first: NDArray[np.int64]
    num_leaves: int

    @classmethod
    def read(cls, path: Path) -> Index:
        """Read the file.

        Raises:
            UserError: If `convert.py` did not write it.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        chunks, config = content["chunks"], content["config"]
        if content.get(META.decode()) != VERSION or config["compression"] or config["encryption"]:
            raise UserError(
                f"data.url must name shards that convert.py wrote, but got {path}. Convert again."
            )
        first = np.cumsum([0, *(chunk["chunk_size"] for chunk in chunks)], dtype=np.int64)
        return cls(
            [chunk["filename"] for chunk in chunks],
            [chunk["chunk_bytes"] for chunk in chunks],
            first,
            len(config["data_format"]),
        )


@dataclass(frozen=True)
class Shards:
    """Hold N samples of a folder of shards.

    Attributes:
        place: Where the folder is.
        index: What it holds.
        rows: (N,) which of its samples.
    """

    place: Place
    index: Index
    rows: NDArray[np.int64]

    @classmethod
    def open(cls, place: Place) -> Shards:
        """Open all samples of a folder."""
        index = Index.read(place.find(INDEX))
        return cls(place, index, np.arange(index.first[-1]))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[np.int64]) -> Shards:
        """Keep the samples at these positions."""
        return replace(self, rows=self.rows[rows])

    def read(self, columns: Sequence[str] | None = None) -> DataFrame:
        """Read columns of `samples.parquet`, (N, ...)."""
        table = parquet.read_table(self.place.find(SAMPLES), columns=columns)
        frame: DataFrame = table.to_pandas(ignore_metadata=True)
        return frame if len(self.rows) == len(frame) else frame.iloc[self.rows].reset_index(drop=True)

    def read_samples(self) -> DataFrame:
        """Read what `Samples` holds: sample_id, the targets, and group, official and order where they are known."""
        schema = parquet.read_schema(self.place.find(SAMPLES))
        wanted = ("sample_id", "group", "official", "order")
        return self.read([name for name in schema.names if name in wanted or name.startswith(TARGET)])

    @cached_property
    def found(self) -> dict[str, Any]:
        """Give what the pass that wrote the shards found of all samples."""
        schema = parquet.read_schema(self.place.find(SAMPLES))
        return dict(json.loads(schema.metadata[META]))

    @cached_property
    def chunk(self) -> NDArray[np.int64]:
        """Number the chunk that holds each sample, (N,)."""
        return np.searchsorted(self.index.first, self.rows, side="right") - 1

    def headers(self) -> list[Header]:
        """Give each header that occurs, once."""
        known = self.read(HEADER).drop_duplicates()
        rows = known.itertuples(index=False)
        return [Header((int(h), int(w)), int(channels), str(dtype)) for h, w, channels, dtype in rows]
