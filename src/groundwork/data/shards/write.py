"""Image files -> chunks, each read once: copied as it is, decoded, measured; what is done once is not done again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame
from pandas.api.types import is_numeric_dtype

from groundwork.core.atomic import atomic_path
from groundwork.data.audit.images import file_facts
from groundwork.data.samples import Samples
from groundwork.data.shards.place import is_remote, provider
from groundwork.data.shards.shards import INDEX
from groundwork.data.store.decode import BadImageError, decode, read_header
from groundwork.data.store.origin import formed
from groundwork.data.store.resize import Form

# A request of this size spends little of its time on waiting, and 96 of them fit into memory.
CHUNK_BYTES = 2**23
ALL = 2**31 - 1  # images in a chunk, which is cut here

Record = dict[str, Any]  # of one image


@dataclass(frozen=True)
class ChunkWriter:
    """Write the chunks of one conversion; another process goes on where this one was stopped.

    Attributes:
        samples: Of the source.
        form: By which images are measured.
        max_pixels: Of one image.
        chunks: Rows of each chunk, in their order there.
        work: Folder for what is not finished.
        url: Where the shards go; chunks for a folder stay in `work` until all are there.
    """

    samples: Samples
    form: Form
    max_pixels: int
    chunks: list[NDArray[np.int64]]
    work: Path
    url: str

    def write(self, number: int) -> tuple[DataFrame, Record]:
        """Write a chunk.

        Returns:
            A record for each of its rows, and its own in index.json, which is empty where no image could be read.
        """
        records, done = self.work / f"{number}.parquet", self.work / f"{number}.json"
        if not done.is_file():
            found, items = [], []
            for row in self.chunks[number]:
                record, content = self._read(int(row))
                found.append(record)
                items += [] if content is None else [self._item(int(row), content)]
            written = self._write(number, items) if items else {}
            DataFrame(found).to_parquet(records, index=False)
            with atomic_path(done) as temporary:
                temporary.write_text(json.dumps(written), encoding="utf-8")
        return pd.read_parquet(records), json.loads(done.read_text(encoding="utf-8"))

    def _read(self, row: int) -> tuple[Record, bytes | None]:
        assert self.samples.path is not None
        try:
            content = Path(self.samples.path.iloc[row]).read_bytes()
            header = read_header(content, self.max_pixels)
            pixels, note = decode(content, 2 * max(self.form.size), self.max_pixels)
            kept, digest = formed(pixels, self.form)
        except (BadImageError, OSError) as error:
            return {"row": row, "bad": str(error) or type(error).__name__}, None
        height, width = header.size
        record: Record = {"row": row, "bad": "", "digest": digest, "note": note, **file_facts(content)}
        record |= {"height": height, "width": width, "channels": header.channels, "dtype": header.dtype}
        return record | _moments(kept), content

    def _item(self, row: int, content: bytes) -> tuple[Any, ...]:
        """Give what a reader of litdata's finds: the image, its name, and its targets as numbers or text."""
        targets: list[Any] = self.samples.target.iloc[row].tolist()
        numeric = [is_numeric_dtype(dtype) for dtype in self.samples.target.dtypes]
        kinds = [float if number else str for number in numeric]
        name = str(self.samples.sample_id.iloc[row])
        return content, name, *(kind(value) for kind, value in zip(kinds, targets, strict=True))

    def _write(self, number: int, items: list[tuple[Any, ...]]) -> Record:
        from litdata.streaming.writer import BinaryWriter  # of the extra `shards`

        place = self.work / f".{number}"
        rmtree(place, ignore_errors=True)  # of a process that was killed
        writer = BinaryWriter(str(place), chunk_size=ALL, chunk_index=number)
        for position, item in enumerate(items):
            writer.add_item(position, item)
        (chunk,) = map(Path, writer.done())
        index: Record = json.loads((place / f"0.{INDEX}").read_text(encoding="utf-8"))
        if is_remote(self.url):
            provider(self.url, os.getpid()).upload_file(str(chunk), f"{self.url}/{chunk.name}")
        else:
            chunk.replace(self.work / chunk.name)
        rmtree(place)
        return index


def _moments(image: NDArray[Any]) -> dict[str, float]:
    white = {"uint8": 255, "uint16": 65535}.get(image.dtype.name, 1)
    values = image.reshape(-1, image.shape[-1]).astype(np.float64) / white
    found = {f"mean_{channel}": value for channel, value in enumerate(values.mean(axis=0).tolist())}
    return found | {f"variance_{channel}": value for channel, value in enumerate(values.var(axis=0).tolist())}
