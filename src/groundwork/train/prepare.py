"""A configuration -> the data of a run, read, split, completed and measured; nothing fitted sees val or test."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.atomic import write_text
from groundwork.core.batch import SPLITS, Split
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.core.text import quoted
from groundwork.data import (
    ColumnStatistics,
    Samples,
    SplitKeys,
    Store,
    Stream,
    TableSource,
    Target,
    encode_columns,
    fit_columns,
    gap_notes,
    image_statistics,
    split_hash,
    subset_similarity,
)
from groundwork.data.contents import input_contents
from groundwork.data.readers.roles import content_ids
from groundwork.data.unseen import averages_unseen, unseen_notes
from groundwork.train.images import decode

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
        columns: Statistics of the table's columns, measured on train; None for images.
        content_hash: Of all images or rows.
        notes: One line each, for people.
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


def prepare(
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    fixed_split: pd.DataFrame | None = None,
    known_columns: ColumnStatistics | None = None,
) -> Prepared:
    """Complete, decode and split the samples.

    Args:
        fixed_split: sample_id and split of an earlier run; None draws the split that the configuration says.
        known_columns: Of the run whose backbone this one starts from; None measures the columns on train.
    """
    missing = instantiate(config.missing)
    notes = list(samples.notes)
    keep = complete_rows(config, samples)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} samples have missing values and are left out")
        samples = samples.take(np.flatnonzero(keep))
    store = None
    if samples.kind == "image":
        samples, store, dropped = decode(config, samples, console)
        notes += dropped
    # pandas hands out read-only memory, torch wants its own
    encoded = np.array(target.encode(samples.target))
    _check_classes(target, encoded)
    digest = None if store is None else np.asarray(store.digest)
    # Whatever their targets: a model that saw one of two equal inputs knows the other.
    duplicate = input_contents(samples, digest)
    split, split_notes = _split(config, samples, target, encoded, duplicate, fixed_split)
    rows: dict[Split, Rows] = {name: np.flatnonzero(split == name) for name in SPLITS}
    _check_parts(rows, len(np.unique(duplicate)))
    whole = rows["train"]
    rows["train"] = _subset(config, samples, encoded, whole)
    notes += split_notes
    if len(rows["train"]) < len(whole):
        notes.append(_subset_note(encoded, whole, rows["train"], target))
    if samples.kind == "table":
        notes += gap_notes(samples.inputs, samples.categorical, missing.infinite)
    if store is not None:
        return Prepared(samples, target, encoded, split, rows, store, None, store.key, tuple(notes))
    encoded_rows, columns = _encode(config, samples, rows["train"], known_columns)
    told = rows["val"] if known_columns is None else np.concatenate([rows["train"], rows["val"]])
    what = "val rows" if known_columns is None else "rows of train and val"
    averages = known_columns is None and averages_unseen(config.model)  # else training may show them now
    notes += unseen_notes(encoded_rows[told], columns, what, averages)
    source, content = TableSource(encoded_rows), _content_hash(samples)
    return Prepared(samples, target, encoded, split, rows, source, columns, content, tuple(notes))


def _encode(
    config: DictConfig, samples: Samples, train: Rows, known: ColumnStatistics | None
) -> tuple[NDArray[np.float64], ColumnStatistics]:
    """Read the rows as the model's inputs, by what was measured on train, or by what an earlier run knows."""
    if known is None:
        missing, normalize = instantiate(config.missing), instantiate(config.normalize)
        known = fit_columns(samples.inputs.iloc[train], samples.categorical, missing, normalize)
        return encode_columns(samples.inputs, known), known
    return encode_columns(samples.inputs, known), known


def complete_rows(config: DictConfig, samples: Samples) -> NDArray[np.bool_]:
    """Tell which rows (N,) stay under the policy for missing values."""
    missing = instantiate(config.missing)
    keep = np.array(missing.keep_target(samples.target))
    if samples.kind == "table":
        keep &= missing.keep_inputs(samples.inputs, samples.categorical)
    return keep


def train_statistics(prepared: Prepared) -> tuple[list[float], list[float]]:
    """Measure mean and standard deviation per channel in one pass over the training images."""
    if not isinstance(prepared.source, Store):
        raise UserError(
            "normalize=train must have decoded images at hand, but the data is streamed. Use normalize=backbone."
        )
    mean, std = image_statistics(prepared.source.images, prepared.rows["train"])
    return mean.tolist(), std.tolist()


def write_splits(folder: RunFolder, prepared: Prepared) -> None:
    """Write sample_id and split of every sample."""
    table = pd.DataFrame({"sample_id": prepared.samples.sample_id, "split": prepared.split})
    write_text(folder.splits, table.to_csv(index=False))


def _split(
    config: DictConfig,
    samples: Samples,
    target: Target,
    encoded: NDArray[Any],
    duplicate: NDArray[Any],
    fixed: pd.DataFrame | None,
) -> tuple[NDArray[Any], list[str]]:
    if fixed is not None:
        known = dict(zip(fixed.sample_id, fixed.split, strict=True))
        absent = [name for name in samples.sample_id if name not in known]
        if absent or len(known) != len(samples):
            raise UserError(
                f"the data must be that of the run, but {len(absent)} of {len(samples)} samples are new and "
                f"{len(known) - len(samples) + len(absent)} are gone. Restore the data, or start a new run."
            )
        return np.array([known[name] for name in samples.sample_id]), []
    keys = SplitKeys(
        sample_id=samples.sample_id.to_numpy(),
        target=encoded,
        group=samples.group,
        duplicate=duplicate,
        order=samples.order,
        official=samples.official,
        classes=target.classes,
    )
    splitter = instantiate(config.split)
    return splitter(keys), splitter.notes(keys)


def _check_classes(target: Target, encoded: NDArray[Any]) -> None:
    """Refuse to go on without a class all of whose samples were left out."""
    counts = (
        np.bincount(encoded[encoded >= 0], minlength=len(target.classes)) if target.classes else np.ones(1)
    )
    if gone := [name for name, count in zip(target.classes, counts, strict=False) if not count]:
        raise UserError(
            f"every class must keep a sample, but {quoted(gone)} has none once bad samples are left out. "
            "Mend one of them, or remove the class from the data."
        )


def _check_parts(rows: dict[Split, Rows], distinct: int) -> None:
    total = sum(map(len, rows.values()))
    few = f" Only {distinct} inputs differ, and equal ones stay in one part." if distinct < total else ""
    for name in ("train", "val"):
        if not len(rows[name]):
            raise UserError(
                f"{name} must hold at least one sample, but holds none of {total}.{few} "
                "Bring more data, or change split.fractions."
            )


def _subset(config: DictConfig, samples: Samples, encoded: NDArray[Any], train: Rows) -> Rows:
    group = None if samples.group is None else samples.group.to_numpy()[train]
    kept: Rows = instantiate(config.subset).rows(
        samples.sample_id.to_numpy()[train], encoded[train], group, config.split.get("seed", 0)
    )
    subset: Rows = train[kept]
    return subset


def _subset_note(encoded: NDArray[Any], train: Rows, kept: Rows, target: Target) -> str:
    places = np.searchsorted(train, np.sort(kept))
    likeness = subset_similarity(encoded[train], places, target.names)
    far = ", ".join(f"{name} {distance:.3f}" for name, distance in likeness.items())
    return f"subset: {len(kept):,} of {len(train):,} training rows; largest difference: {far} (0: alike)"


def _content_hash(samples: Samples) -> str:
    table = pd.concat([samples.inputs, samples.target.add_prefix("target ")], axis=1)
    # Repeats of a row carry a counter behind a dash; without it they are equal, as duplicates are.
    content = np.array([name.partition("-")[0] for name in content_ids(table)])
    return split_hash(np.arange(len(content)).astype(str), content)
