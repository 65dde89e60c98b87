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
from groundwork.core.text import quoted
from groundwork.data.batches import TableSource
from groundwork.data.columns import ColumnStatistics, encode_columns, fit_columns
from groundwork.data.contents import input_contents
from groundwork.data.drop import find_dropped, split_dropped
from groundwork.data.images import Decoding
from groundwork.data.missing import Missing, gap_notes
from groundwork.data.near_groups import group_near
from groundwork.data.normalize import Normalize
from groundwork.data.prepared import Prepared, Rows
from groundwork.data.readers.roles import content_ids
from groundwork.data.samples import Samples
from groundwork.data.split.keys import SplitKeys, split_hash
from groundwork.data.split.split import Splitter
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
    notes = list(samples.notes)
    keep = complete_rows(how.missing, samples)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} samples have missing values and are left out")
        samples = samples.take(np.flatnonzero(keep))
    store = None
    if samples.kind == "image":
        assert how.decoding is not None
        samples, store, dropped = how.decoding.decode(samples, console)
        notes += dropped
        if how.group_near:
            group, said = group_near(samples.sample_id, store, how.decoding.cache, console, samples.group)
            samples = replace(samples, group=group)
            notes.append(said)
    # pandas hands out read-only memory, torch wants its own
    encoded = np.array(target.encode(samples.target))
    _check_classes(target, encoded)
    digest = None if store is None else np.asarray(store.digest)
    # Whatever their targets: a model that saw one of two equal inputs knows the other.
    duplicate = input_contents(samples, digest)
    split, left_out, split_notes = _split(how, samples, target, encoded, duplicate, fixed_split)
    rows: dict[Split, Rows] = {name: np.flatnonzero(split == name) for name in SPLITS}
    _check_parts(rows, len(np.unique(duplicate)), samples)
    rows["train"] = whole = _without(rows["train"], left_out, target, encoded)
    rows["train"] = _subset(how, samples, encoded, whole)
    notes += split_notes
    if len(rows["train"]) < len(whole):
        notes.append(_subset_note(encoded, whole, rows["train"], target))
    if store is not None and not samples.inputs.shape[1]:
        return Prepared(samples, target, encoded, split, rows, store, None, store.key, tuple(notes), left_out)
    table, columns, told = _encode(how, samples, rows, known_columns)
    notes += told
    known, content = (samples, target, encoded, split, rows), _content_hash(samples)
    if store is None:
        return Prepared(*known, table, columns, content, tuple(notes), left_out)
    return Prepared(*known, store, columns, f"{store.key}-{content}", tuple(notes), left_out, table)


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
    normalize = (
        how.normalize if samples.kind == "table" else Normalize("auto")
    )  # of images means another thing
    if samples.kind == "image":
        _refuse_wide(samples)
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


def _split(
    how: Preparation,
    samples: Samples,
    target: Target,
    encoded: NDArray[Any],
    duplicate: NDArray[Any],
    fixed: pd.DataFrame | None,
) -> tuple[NDArray[Any], NDArray[np.bool_], list[str]]:
    """Give (N,) the split of each row and whether it is left out of train, as an earlier run did or drawn anew."""
    keys = SplitKeys(
        sample_id=samples.sample_id.to_numpy(),
        target=encoded,
        group=samples.group,
        duplicate=duplicate,
        order=samples.order,
        official=samples.official,
        classes=target.classes or target.names,
    )
    if fixed is not None:
        known = dict(zip(fixed.sample_id, fixed.split, strict=True))
        absent = [name for name in samples.sample_id if name not in known]
        if absent or len(known) != len(samples):
            raise UserError(
                f"the data must be that of the run, but {len(absent)} of {len(samples)} samples are new and "
                f"{len(known) - len(samples) + len(absent)} are gone. Restore the data, or start a new run."
            )
        split, dropped = split_dropped([known[name] for name in samples.sample_id])
        said = (
            [f"{int(dropped.sum()):,} training rows stay left out, as splits.csv says"]
            if dropped.any()
            else []
        )
    else:
        split, said = how.split(keys), []
        dropped = np.zeros(len(split), dtype=bool)
    notes = [*how.split.notes(keys, split), *said]
    if how.drop is not None and not dropped.any():
        dropped, left = find_dropped(how.drop, samples.sample_id, split)
        notes += left
    return split, dropped, notes


def _without(train: Rows, dropped: NDArray[np.bool_], target: Target, encoded: NDArray[Any]) -> Rows:
    """Leave rows out of train, of which every class must keep one."""
    kept = train[~dropped[train]]
    gone = sorted({*encoded[train].tolist()} - {*encoded[kept].tolist()}) if target.classes else []
    if not len(kept) or gone:
        what = f"class {target.classes[gone[0]]!r}" if gone else "train"
        raise UserError(f"data.drop_samples must leave samples of {what}, but names all of them. Name fewer.")
    return kept


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


def _check_parts(rows: dict[Split, Rows], distinct: int, samples: Samples) -> None:
    total = sum(map(len, rows.values()))
    few = f" Only {distinct} inputs differ, and equal ones stay in one part." if distinct < total else ""
    if samples.group is not None:
        few += f" There are {samples.group.nunique()} groups, each of which stays in one part."
    if samples.order is not None and (moments := samples.order.nunique()) < total:
        few += f" The order has {moments} different values, and a chronological split keeps equal ones in one part."
    for name in ("train", "val"):
        if not len(rows[name]):
            raise UserError(
                f"{name} must hold at least one sample, but holds none of {total}.{few} "
                "Bring more data, or change split.fractions."
            )


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
