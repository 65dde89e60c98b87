"""Complete samples -> the rows of train, val and test, each of which must be able to do its work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.drop import find_dropped, split_dropped
from groundwork.data.prepared import Rows
from groundwork.data.samples import Samples
from groundwork.data.split.keys import SplitKeys
from groundwork.data.split.split import Splitter
from groundwork.data.target import Target


def assign_splits(
    splitter: Splitter,
    samples: Samples,
    target: Target,
    encoded: NDArray[Any],
    duplicate: NDArray[Any],
    fixed: pd.DataFrame | None,
    drop: str | None,
) -> tuple[NDArray[Any], NDArray[np.bool_], list[str]]:
    """Give (N,) the split of each row and whether it is left out of train, as an earlier run did or drawn anew.

    Args:
        duplicate: (N,) hash of the inputs.
        fixed: sample_id and split of an earlier run.
        drop: See `find_dropped`.
    """
    keys = SplitKeys(
        sample_id=samples.sample_id.to_numpy(),
        target=encoded,
        group=samples.group,
        duplicate=duplicate,
        order=samples.order,
        official=samples.official,
        classes=target.classes or target.names,
    )
    if fixed is None:
        split = splitter(keys)
        dropped = np.zeros(len(split), dtype=bool)
    else:
        split, dropped = split_dropped(_known_splits(samples, fixed))
    notes = splitter.notes(keys, split)
    if dropped.any():
        notes.append(f"{int(dropped.sum()):,} training rows stay left out, as splits.csv says")
    elif drop is not None:
        dropped, said = find_dropped(drop, samples.sample_id, split)
        notes += said
    return split, dropped, notes


def _known_splits(samples: Samples, fixed: pd.DataFrame) -> list[str]:
    known = dict(zip(fixed.sample_id, fixed.split, strict=True))
    absent = [name for name in samples.sample_id if name not in known]
    if absent or len(known) != len(samples):
        raise UserError(
            f"the data must be that of the run, but {len(absent)} of {len(samples)} samples are new and "
            f"{len(known) - len(samples) + len(absent)} are gone. Restore the data, or start a new run."
        )
    return [known[name] for name in samples.sample_id]


def check_classes(target: Target, encoded: NDArray[Any]) -> None:
    """Refuse to go on without a class all of whose samples were left out."""
    seen = set(encoded.tolist()) if target.classes else set()
    if gone := [name for number, name in enumerate(target.classes) if number not in seen]:
        raise UserError(
            f"every class must keep a sample, but {quoted(gone)} has none once bad samples are left out. "
            "Mend one of them, or remove the class from the data."
        )


def check_splits(rows: dict[Split, Rows], distinct: int, samples: Samples) -> None:
    """Refuse an empty train or val.

    Args:
        distinct: Number of inputs that differ.
    """
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


def without_dropped(train: Rows, dropped: NDArray[np.bool_], target: Target, encoded: NDArray[Any]) -> Rows:
    """Leave rows out of train, of which every class must keep one."""
    kept = train[~dropped[train]]
    gone = sorted({*encoded[train].tolist()} - {*encoded[kept].tolist()}) if target.classes else []
    if not len(kept) or gone:
        what = f"class {target.classes[gone[0]]!r}" if gone else "train"
        raise UserError(f"data.drop_samples must leave samples of {what}, but names all of them. Name fewer.")
    return kept
