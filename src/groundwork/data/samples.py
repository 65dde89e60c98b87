"""One table of samples: what every source becomes, whatever it looked like on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series

from groundwork.core.batch import SPLITS
from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.shards.shards import Shards

ROW_FIELDS = ("sample_id", "target", "inputs", "path", "group", "official", "order", "group_like")


@dataclass(frozen=True)
class Samples:
    """Hold N aligned rows in the order of their reader.

    Attributes:
        kind: What a sample is: an image, or the row of a table.
        sample_id: (N,) unique text; never absolute, never a row number, equal on every system.
        target: (N, T) raw targets under their own names; no column where they are unknown.
        inputs: (N, D) input columns of a table: float64 with NaN where missing, or text where
            `categorical` names them. No column for images.
        categorical: Which inputs are categories.
        root: Folder or file that the samples came from, absolute.
        path: (N,) absolute path of each image file; None for tables and `pixels`.
        group: (N,) text; a group never spans two splits. None: every sample for itself.
        official: (N,) split that the data set itself prescribes, "" where it leaves it open.
        order: (N,) sortable values, time for instance, for the chronological split.
        pixels: (N, H, W, C) images of a data set that comes as one array, in place of `path`.
        shards: Encoded images in chunks, in place of `path`.
        notes: What the reader left out or changed, one line each.
        left_out: Column -> why it is no input, where the reader decided that by itself.
        group_like: (N, G) columns that look like groups and are none; None where `group` is known.
        moments: Input that was read from dates -> their parts, which are inputs beside it.
        dates: Column of dates that no split uses -> how it is written, "" for ISO 8601.
        decimal: Column -> decimal sign that its numbers were read by, where they were written as text.
        units: Column -> what stood beside its numbers, such as "%".
    """

    kind: Literal["image", "table"]
    sample_id: Series[str]
    target: DataFrame
    inputs: DataFrame
    categorical: tuple[str, ...]
    root: Path
    path: Series[str] | None = None
    group: Series[str] | None = None
    official: Series[str] | None = None
    order: Series | None = None
    pixels: NDArray[np.generic] | None = None
    shards: Shards | None = None
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    group_like: DataFrame | None = None
    moments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    decimal: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.sample_id)
        if n == 0:
            raise UserError(
                f"data must hold at least one sample, but {self.root} holds none. Check data.root."
            )
        parts = {name: getattr(self, name) for name in (*ROW_FIELDS, "pixels", "shards")}
        lengths = {name: len(part) for name, part in parts.items() if part is not None}
        if set(lengths.values()) != {n}:
            raise ValueError(f"every part of Samples must have {n} rows, but got {lengths}")
        repeated = self.sample_id[self.sample_id.duplicated()]
        if len(repeated):
            raise UserError(
                f"sample_id must be unique, but {quoted(repeated.unique())} comes more than once "
                f"({self.root}). Name a column of unique values with data.id_column."
            )
        if self.official is not None and (strange := set(self.official) - {*SPLITS, ""}):
            raise ValueError(f"official must be one of {SPLITS} or '', but got {sorted(strange)}")

    def __len__(self) -> int:
        return len(self.sample_id)

    def take(self, rows: ArrayLike) -> Samples:
        """Keep the rows at these positions (M,), or where a mask (N,) is true, in their order."""
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.int64)
        kept = {
            name: part.iloc[at].reset_index(drop=True)
            for name in ROW_FIELDS
            if (part := getattr(self, name)) is not None
        }
        pixels = None if self.pixels is None else self.pixels[at]
        shards = None if self.shards is None else self.shards.take(at)
        return replace(self, **kept, pixels=pixels, shards=shards)
