"""The data of a run as one object: samples, splits, inputs, and what was measured on train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.data.batches import PairSource, TableSource
from groundwork.data.columns import ColumnStatistics
from groundwork.data.normalize import Normalize
from groundwork.data.samples import Samples
from groundwork.data.split.keys import split_hash
from groundwork.data.store.store import Store
from groundwork.data.store.stream import Stream
from groundwork.data.target import Target

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Prepared:
    """Hold the data of a run.

    Attributes:
        samples: N rows that take part.
        target: What is predicted.
        encoded: (N,) class numbers or (N, T) values in original units.
        split: (N,) names of splits.
        rows: Split -> rows; train after `subset`.
        source: Images or table rows by row number.
        columns: Statistics of the input columns, measured on train; None for images without any.
        content_hash: Of all images or rows.
        notes: One line each, for people.
        dropped: (N,) True for training rows that `data.drop_samples` leaves out; None for none.
        table: Columns beside images; None for none.
    """

    samples: Samples
    target: Target
    encoded: NDArray[Any]
    split: NDArray[Any]
    rows: dict[Split, Rows]
    source: Store | Stream | TableSource
    columns: ColumnStatistics | None
    content_hash: str
    notes: tuple[str, ...]
    dropped: NDArray[np.bool_] | None = None
    table: TableSource | None = None

    @property
    def inputs(self) -> Any:
        """Give what a network reads by row number: `source`, or pairs of images and columns."""
        return self.source if self.table is None else PairSource(self.source, self.table)

    @property
    def codes(self) -> list[int]:
        """Give the positions of category codes among the columns of `source`; images have none."""
        if self.columns is None or not isinstance(self.source, TableSource):
            return []
        columns = self.columns.columns
        return [number for number, column in enumerate(columns) if column.kind == "categorical"]

    @property
    def split_hash(self) -> str:
        """Name the split."""
        return split_hash(self.samples.sample_id, self.split)

    @property
    def names(self) -> tuple[str, ...]:
        """Name the outputs: classes, or targets."""
        return self.target.classes or self.target.names

    def targets(self, split: Split) -> NDArray[Any]:
        """Return the targets of a split in the order of its rows."""
        return self.encoded[self.rows[split]]

    def group(self, split: Split) -> list[str] | None:
        """Return the groups of a split's samples; None where there are none."""
        group = self.samples.group
        return None if group is None else group.iloc[self.rows[split]].astype(str).tolist()

    def counts(self, split: Split) -> NDArray[np.int64]:
        """Count the samples of each class."""
        return np.bincount(self.targets(split), minlength=len(self.target.classes))

    def describe(
        self, normalize: Normalize, pretrained: bool, resize: str | None = None, window: Any = None
    ) -> dict[str, Any]:
        """Collect in plain types what a network must know of the data; the rest of the code reads this, not the data.

        Args:
            normalize: How inputs are brought to one range.
            pretrained: Whether a pretrained backbone reads them, which has statistics of its own.
            resize: How images were brought to their size.
            window: Raw values of images that became 0 and 1.

        Returns:
            kind, target (its state), and for images `image` (size (C, H, W), mean, std or None for the backbone's
            own), for tables `columns` (their state), `moments` (see `Samples`) and `num_rows` of train, for regression
            `center` and `scale` of each target on train.
        """
        described: dict[str, Any] = {"kind": self.samples.kind, "target": self.target.state()}
        if isinstance(self.source, Store | Stream):
            mean, std = self._image_statistics(normalize.for_images(pretrained))
            described["image"] = {
                "shape": list(self.source.shape),
                "dtype": str(self.source.dtype),
                "resize": resize,
                "window": None if window is None else list(window),
                "mean": mean,
                "std": std,
            }
        if self.columns is not None:
            described["columns"] = self.columns.state()
            described["decimal"] = dict(self.samples.decimal)
            described["moments"] = {name: list(parts) for name, parts in self.samples.moments.items()}
            described["units"] = dict(self.samples.units)
            described["num_rows"] = len(self.rows["train"])
        if self.target.task == "regression":
            values = self.targets("train").astype(np.float64)
            scale = np.nanstd(values, axis=0)
            described["center"] = np.nanmean(values, axis=0).tolist()
            described["scale"] = np.where(scale > 0, scale, 1.0).tolist()
        return described

    def _image_statistics(self, method: str) -> tuple[list[float] | None, list[float] | None]:
        """Give mean and standard deviation per channel; None leaves them to the backbone."""
        if method != "train":
            return (None, None) if method == "backbone" else ([0.0], [1.0])
        assert isinstance(self.source, Store | Stream)
        mean, std = self.source.statistics(self.rows["train"])
        return mean.tolist(), std.tolist()
