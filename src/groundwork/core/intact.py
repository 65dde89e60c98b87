"""Files of a run folder that are not what a run wrote -> one line that names them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pandas import DataFrame

from groundwork.core.bounded import read_texts
from groundwork.core.errors import UserError, innermost, system_error, user_error
from groundwork.core.run_folder import RunFolder


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
            f"run={folder} must hold what a run of this project wrote, but its files lead to {innermost(error)}. "
            f"Restore them, or train again; HYDRA_FULL_ERROR=1 shows where."
        ) from error


def read_splits(folder: RunFolder) -> DataFrame:
    """Read sample_id and split of every sample of a run.

    Raises:
        UserError: If the file is missing or damaged.
    """
    table = read_texts(folder.splits)
    if list(table.columns) != ["sample_id", "split"] or table.sample_id.duplicated().any():
        raise UserError(
            f"{folder.splits} must hold sample_id and split, each sample once, but does not. Restore it."
        )
    return table
