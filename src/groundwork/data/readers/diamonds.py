"""The diamonds of ggplot2 -> samples: 53,940 stones with their prices."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.data.readers.table import read_table
from groundwork.data.samples import Samples


def read_diamonds(
    table: str | None,
    target: str | Sequence[str] | None,
    inputs: Sequence[str] | None,
    drop: Sequence[str] | None,
    categorical: Sequence[str] | None,
) -> Samples:
    """Read a table of one's own, or the one that the package plotnine brings.

    Args:
        table: File; None finds the package's.
        target: Column to predict.
        inputs: Columns to learn from; None takes all others.
        drop: Columns to leave out.
        categorical: Columns of numbers that are names of categories.
    """
    found = _package_table() if table is None else table
    return read_table(found, target, inputs, drop, categorical, None, None, None, None, None, False)


def _package_table() -> str:
    spec = find_spec("plotnine")
    table = Path(spec.origin).parent / "data" / "diamonds.csv" if spec and spec.origin else None
    if table is None or not table.is_file():
        raise UserError(
            "data=diamonds must have a table, but the package plotnine, which brings one, is not installed. "
            "Run: pip install plotnine, or add data.table=diamonds.csv."
        )
    return str(table)
