"""Files of a run folder that are not what a run wrote -> one line that names them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from groundwork.batch import UserError
from groundwork.run.door import system_error, user_error
from groundwork.run.folder.folder import RunFolder
from groundwork.run.folder.plain_yaml import check_size

MAX_TABLE_BYTES = 4_000_000_000


@contextmanager
def intact(folder: Path) -> Iterator[None]:
    """Tell in one line that a run folder led to an error, where that is neither the machine's nor ours to tell.

    An error of training itself, which carries a note of its step, passes: it comes from the code, not the folder.

    Raises:
        UserError: Instead of whatever a file that was changed by hand, or by a fault, led to.
    """
    try:
        yield
    except Exception as error:
        if user_error(error) or system_error(error) or isinstance(error, MemoryError):
            raise
        if getattr(error, "__notes__", None):
            raise
        raise UserError(
            f"run={folder} must hold what a run of this project wrote, but its files lead to {_reason(error)}. "
            f"Restore them, or train again; HYDRA_FULL_ERROR=1 shows where."
        ) from error


def read_splits(folder: RunFolder) -> DataFrame:
    """Read sample_id and split of every sample of a run.

    Raises:
        UserError: If the file is missing or damaged.
    """
    table = read_table(
        folder.splits,
        lambda path: pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8"),
    )
    if list(table.columns) != ["sample_id", "split"] or table.sample_id.duplicated().any():
        raise UserError(
            f"{folder.splits} must hold sample_id and split, each sample once, but does not. Restore it."
        )
    return table


def read_table(path: Path, read: Callable[[Path], Any]) -> DataFrame:
    """Read one table of a run folder.

    Raises:
        UserError: If it is missing, damaged or larger than any of ours.
    """
    if not path.exists():
        raise UserError(f"{path} must be there, but is not. Restore it, or repeat the run.")
    check_size(path, MAX_TABLE_BYTES)
    try:
        table: DataFrame = read(path)
    except Exception as error:  # a damaged file can raise anything at all
        raise UserError(f"{path} must be a whole table, but: {_reason(error)}. Restore it.") from error
    return table


def _reason(error: BaseException) -> str:
    """Name the innermost error and its first words."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if text else ''}{text[:200]}"
