"""Images that show nearly the same -> groups, so that bursts, patients and wafers stay in one part of the split."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import Series

from groundwork.core.atomic import write_bytes
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.data.audit.near import NearPairs, find_near, small_pictures
from groundwork.data.split.keys import connected
from groundwork.data.store.store import Store
from groundwork.data.store.stream import Stream

MOST_PAIRS = 5_000_000  # 80 MB


def group_near(
    sample_id: Series, images: Store | Stream, cache: Path, console: Console, group: Series | None = None
) -> tuple[Series, str]:
    """Name for each sample (N,) the first of those that it is tied to by near duplicates, and say how many there are.

    What is like the same third picture is one group. The search is kept beside the decoded images, for later runs and
    other ranks.

    Args:
        group: That the source gave, (N,), which stay together; None for none.
    """
    found = _search(images, cache / "store" / images.key / "near.npz", console)
    tied = tie(sample_id, found, group)
    return tied, _note(tied)


def tie(sample_id: Series, found: NearPairs, group: Series | None = None) -> Series:
    """Give each sample (N,) the least name in its group, whatever the order of the data."""
    number, (left, right) = len(sample_id), found.pairs.T
    if group is not None:
        known = np.flatnonzero((group.notna() & (group.astype(str) != "")).to_numpy())
        first = Series(known).groupby(group.astype(str).to_numpy()[known]).transform("min").to_numpy()
        left, right = np.append(left, known), np.append(right, first)
    unit = connected(left, right, number)
    return sample_id.astype(str).groupby(unit).transform("min").reset_index(drop=True)


def _search(images: Store | Stream, path: Path, console: Console) -> NearPairs:
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")):
        if path.is_file():
            with np.load(path) as known:
                return NearPairs(known["pairs"], known["correlation"], bool(known["is_complete"]))
        digest: NDArray[np.str_] = np.asarray(images.digest)
        with console.progress("looking for near duplicates", "images") as bar:
            small = small_pictures(images, len(digest), bar)
        found = find_near(small, np.unique(digest, return_inverse=True)[1], MOST_PAIRS)
        if not found.is_complete:
            raise UserError(
                f"data.group=auto must find all near duplicates, but there are more than {MOST_PAIRS:,} pairs of them. "
                "Name a column as data.group, or thin out the images."
            )
        file = BytesIO()
        np.savez(file, pairs=found.pairs, correlation=found.correlation, is_complete=found.is_complete)
        write_bytes(path, file.getbuffer())
    return found


def _note(group: Series) -> str:
    sizes = group.value_counts()
    several = sizes[sizes > 1]
    if several.empty:
        return "data.group=auto found no near duplicates: every image is a group of its own"
    return (
        f"data.group=auto ties {several.sum():,} of {len(group):,} images to near duplicates, in {len(several):,} "
        f"groups of up to {several.max():,}; each group stays in one part"
    )
