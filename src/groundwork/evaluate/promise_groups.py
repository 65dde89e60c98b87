"""Rows -> the groups of which a promise holds one by one: classes, or categories of a column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.data import ColumnStatistics, TableSource
from groundwork.data.categories import FIRST, MISSING
from groundwork.data.prepared import Prepared


def group_numbers(
    per: str | None, encoded: NDArray[np.floating] | None, columns: ColumnStatistics | None, number: int
) -> NDArray[np.int64]:
    """Number the groups of rows (N,): codes of a column, or 0 for all.

    Args:
        encoded: (N, D) rows of a table as the network reads them.
        number: N.
    """
    if per in (None, "class") or columns is None or encoded is None:
        return np.zeros(number, dtype=np.int64)
    place = [column.name for column in columns.columns].index(per)
    return encoded[:, place].astype(np.int64)


def groups_of(per: str | None, prepared: Prepared, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the groups of some rows of a run's data."""
    source = prepared.table or prepared.source
    encoded = source.array.numpy()[rows] if isinstance(source, TableSource) else None
    return group_numbers(per, encoded, prepared.columns, len(rows))


def new_groups(per: str | None, source: Any, data: Mapping[str, Any], number: int) -> NDArray[np.int64]:
    """Number the groups of N new samples.

    Args:
        source: Their inputs.
        data: The checkpoint's description of the data.
        number: N.
    """
    source = getattr(source, "table", source)  # of images with columns
    if not isinstance(source, TableSource):
        return group_numbers(None, None, None, number)
    columns = ColumnStatistics.from_state(data["columns"])
    return group_numbers(per, source.array.numpy(), columns, number)


def group_name(number: int, per: str | None, classes: Sequence[str], columns: ColumnStatistics | None) -> str:
    """Name a group for people."""
    if per == "class":
        return str(classes[number])
    if per is None or columns is None:
        return "all"
    known = next(column.categories for column in columns.columns if column.name == per)
    if number == MISSING:
        return "(missing)"
    return known[number - FIRST] if 0 <= number - FIRST < len(known) else "(never seen)"
