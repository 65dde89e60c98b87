"""A file of sample_ids -> the training rows that are left out; val and test keep theirs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import Series

from groundwork.core.bounded import read_texts
from groundwork.core.errors import UserError
from groundwork.core.text import quoted

KEY = "data.drop_samples"
DROPPED = "dropped"  # split of such a row in splits.csv


def find_dropped(
    path: str, sample_id: Series, split: NDArray[np.str_]
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Find the training rows that a file names.

    Args:
        path: A csv with a column `sample_id`, such as the suspects.csv of an audit.
        sample_id: (N,) of the data.
        split: (N,) train, val or test.

    Returns:
        (N,) True for training rows that are left out, and a line each on what was and what was not.

    Raises:
        UserError: If the file has no such column or no rows, names what is not in the data, or nothing is left.
    """
    named, present = _read(Path(path)), set(sample_id)
    unknown = [name for name in named if name not in present]
    if unknown:
        raise UserError(
            f"{KEY} must name samples of the data, but {len(unknown)} of {len(named)} are not there, such as "
            f"{quoted(unknown)} ({path}). Audit this data again, or remove them."
        )
    listed = sample_id.isin(named).to_numpy()
    dropped = listed & (split == "train")
    notes = [
        f"{int(dropped.sum()):,} of {int((split == 'train').sum()):,} training rows are left out, as {path} says"
    ]
    kept = {name: int((listed & (split == name)).sum()) for name in ("val", "test")}
    if kept["val"]:
        notes.append(f"{kept['val']:,} val rows of {path} stay: what judges is not chosen by what was judged")
    if kept["test"]:
        notes.append(f"{kept['test']:,} test rows of {path} stay: a test row is never left out")
    return dropped, tuple(notes)


def split_dropped(known: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Read splits as `splits.csv` holds them: (N,) names of splits, and (N,) True for rows that were left out."""
    names = np.array(known)
    return np.where(names == DROPPED, "train", names), names == DROPPED


def _read(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(
            f"{KEY} must be a csv with a column sample_id, but {path} is not a file. Check the path."
        )
    table = read_texts(path)
    if "sample_id" not in table.columns or table.empty:
        raise UserError(
            f"{KEY} must be a csv with a column sample_id and rows, but {path} is not. Check the file."
        )
    return table["sample_id"].drop_duplicates().tolist()
