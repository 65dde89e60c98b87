"""Samples -> the data of a run, split, completed and measured; nothing fitted sees val or test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groundwork.core.batch import SPLITS, Split
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.data.assign import assign_splits, check_classes, check_splits, without_dropped
from groundwork.data.batches import TableSource
from groundwork.data.columns import ColumnStatistics, encode_columns
from groundwork.data.contents import content_ids, input_contents
from groundwork.data.fit import fit_columns
from groundwork.data.images import Decoding
from groundwork.data.missing import Missing, gap_notes
from groundwork.data.near_groups import group_near
from groundwork.data.normalize import Normalize
from groundwork.data.prepared import Prepared, Rows
from groundwork.data.samples import Samples
from groundwork.data.split.keys import split_hash
from groundwork.data.split.split import Splitter
from groundwork.data.store.store import Store
from groundwork.data.store.stream import Stream
from groundwork.data.subset import subset_similarity
from groundwork.data.target import Target
from groundwork.data.unseen import unseen_notes


class Subset(Protocol):
    """Choose the training rows to train on."""

    def rows(self, sample_id: Any, target: Any, group: Any, seed: int) -> Rows:
        """Give the positions to train on, (M,) ascending."""
        ...


MOST_CATEGORIES = 1_000  # of a column beside images, each of which has a place in every row


@dataclass(frozen=True)
class Preparation:
    """Say how samples become the data of a run.

    Attributes:
        missing: What happens to gaps.
        split: Gives each sample its split.
        subset: Chooses training rows.
        normalize: How inputs are brought to one range.
        decoding: Of images; tables need none.
        rare_below: See `fit_columns`.
        drop: A file that names training rows to leave out, see `find_dropped`.
        group_near: Whether images that show nearly the same are groups.
        averages: Whether the network gives a category that it never saw the mean of those it saw, for the notes.
    """

    missing: Missing
    split: Splitter
    subset: Subset
    normalize: Normalize
    decoding: Decoding | None
    averages: bool = False
    rare_below: int = 1
    drop: str | None = None
    group_near: bool = False


def prepare(
    samples: Samples,
    target: Target,
    how: Preparation,
    console: Console,
    fixed_split: pd.DataFrame | None = None,
    known_columns: ColumnStatistics | None = None,
) -> Prepared:
    """Complete, decode and split the samples.

    Args:
        fixed_split: sample_id and split of an earlier run; None draws the split that `how` says.
        known_columns: Of the run whose backbone this one starts from; None measures the columns on train.
    """
    samples, store, notes = _usable(samples, how, console)
    # pandas hands out read-only memory, torch wants its own
    encoded = np.array(target.encode(samples.target))
    check_classes(target, encoded)
    digest = None if store is None else np.asarray(store.digest)
    # Whatever their targets: a model that saw one of two equal inputs knows the other.
    duplicate = input_contents(samples, digest)
    split, dropped, said = assign_splits(
        how.split, samples, target, encoded, duplicate, fixed_split, how.drop
    )
    notes += said
    rows: dict[Split, Rows] = {name: np.flatnonzero(split == name) for name in SPLITS}
    check_splits(rows, len(np.unique(duplicate)), samples)
    whole = without_dropped(rows["train"], dropped, target, encoded)
    rows["train"] = _subset(how, samples, encoded, whole)
    if len(rows["train"]) < len(whole):
        notes.append(_subset_note(encoded, whole, rows["train"], target))
    content = "" if store is None else store.key
    table: TableSource | None = None
    columns: ColumnStatistics | None = None
    if store is None or samples.inputs.shape[1]:
        table, columns, said = _encode(how, samples, rows, known_columns)
        notes += said
        content = "-".join(filter(None, (content, _content_hash(samples))))
    source = table if store is None else store
    assert source is not None
    return Prepared(
        samples, target, encoded, split, rows, source, columns, content, tuple(notes), dropped,
        table=None if store is None else table,
    )  # fmt: skip


def _usable(
    samples: Samples, how: Preparation, console: Console
) -> tuple[Samples, Store | Stream | None, list[str]]:
    """Keep the samples that are complete and whose images can be decoded; tie those that show nearly the same."""
    notes = list(samples.notes)
    keep = complete_rows(how.missing, samples)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} samples have missing values and are left out")
        samples = samples.take(np.flatnonzero(keep))
    if samples.kind == "table":
        return samples, None, notes
    assert how.decoding is not None
    samples, store, said = how.decoding.decode(samples, console)
    notes += said
    if how.group_near:
        group, note = group_near(samples.sample_id, store, how.decoding.cache, console, samples.group)
        samples = replace(samples, group=group)
        notes.append(note)
    return samples, store, notes


def _refuse_wide(samples: Samples) -> None:
    """Refuse a column of more categories than a head beside images should have places for."""
    for name in samples.categorical:
        if (number := samples.inputs[name].nunique()) > MOST_CATEGORIES:
            raise UserError(
                f"data.inputs must name columns of at most {MOST_CATEGORIES:,} categories beside images, but {name!r} "
                f"has {number:,}. Leave it out."
            )


def _encode(
    how: Preparation, samples: Samples, rows: dict[Split, Rows], known: ColumnStatistics | None
) -> tuple[TableSource, ColumnStatistics, list[str]]:
    """Read the rows as the model's inputs, by what was measured on train, or by what an earlier run knows."""
    normalize = how.normalize
    if samples.kind == "image":
        _refuse_wide(samples)
        normalize = Normalize("auto")  # that of images means another thing
    columns = known or fit_columns(
        samples.inputs.iloc[rows["train"]], samples.categorical, how.missing, normalize, how.rare_below
    )
    encoded = encode_columns(samples.inputs, columns)
    told = rows["val"] if known is None else np.concatenate([rows["train"], rows["val"]])
    what = "val rows" if known is None else "rows of train and val"
    averages = known is None and (how.averages or samples.kind == "image")  # else training may show them now
    notes = gap_notes(samples.inputs, samples.categorical, how.missing.infinite)
    return TableSource(encoded), columns, [*notes, *unseen_notes(encoded[told], columns, what, averages)]


def complete_rows(missing: Missing, samples: Samples) -> NDArray[np.bool_]:
    """Tell which rows (N,) stay under the policy for missing values."""
    keep = np.array(missing.keep_target(samples.target))
    if samples.kind == "table" or samples.inputs.shape[1]:
        keep &= missing.keep_inputs(samples.inputs, samples.categorical)
    return keep


def _subset(how: Preparation, samples: Samples, encoded: NDArray[Any], train: Rows) -> Rows:
    group = None if samples.group is None else samples.group.to_numpy()[train]
    sample_id, seed = samples.sample_id.to_numpy()[train], getattr(how.split, "seed", 0)
    return np.asarray(train[how.subset.rows(sample_id, encoded[train], group, seed)])


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
