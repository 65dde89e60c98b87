"""Rows to predict -> what they hold that training never showed, and what the model takes in its place."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.data.categories import FIRST, MISSING, UNSEEN
from groundwork.data.columns import Column, ColumnStatistics

MOST_NOTES = 10
MANY = 10  # rows that all hold unknown categories: the column tells rows apart, not kinds


def unseen_notes(
    encoded: NDArray[np.float64], statistics: ColumnStatistics, what: str, averages: bool
) -> list[str]:
    """Say in plain lines which columns hold a category, a gap or a change that no training row had.

    Args:
        encoded: (N, D) rows as `encode_columns` gives them.
        statistics: Of the columns.
        what: Which rows they are, such as "val rows".
        averages: Whether the backbone gives a code that it never saw the mean vector of those it saw.
    """
    notes = [
        note
        for place, column in enumerate(statistics.columns)
        for note in _of_column(encoded[:, place], column, what, averages)
    ]
    more = len(notes) - MOST_NOTES
    return notes if more <= 0 else [*notes[:MOST_NOTES], f"and {more:,} more columns of the same kind"]


def averages_unseen(model: Mapping[str, Any]) -> bool:
    """Tell whether a configured model gives what training never showed the mean of what it showed: ours do."""
    return str((model.get("backbone") or {}).get("_target_")).startswith(f"{__name__.partition('.')[0]}.")


def _of_column(values: NDArray[np.float64], column: Column, what: str, averages: bool) -> Iterator[str]:
    knows = len(column.counts) > 0
    average = "; they get the mean of the categories that it knew" if averages and knows else ""
    if column.kind == "categorical":
        shared = "; they get what rare categories share" if knows and column.counts[UNSEEN] else average
        if unseen := int((values == UNSEEN).sum()):
            names_rows = unseen == len(values) >= MANY
            remedy = (
                f". If it only names rows, train without it: data.drop=[{column.name}]" if names_rows else ""
            )
            yield (
                f"column {column.name!r}: {unseen:,} of {len(values):,} {what} hold a category that training did "
                f"not know{shared}{remedy}"
            )
        gaps = int((values == MISSING).sum())
        filled = (
            "" if column.fill is None or column.fill < FIRST else column.categories[int(column.fill) - FIRST]
        )
        instead = f"; they get {filled!r}" if filled else average
    else:
        gaps = int(np.isnan(values).sum())
        taken = column.fill if column.only is None else column.only
        instead = f"; they get {taken:g}" if taken is not None else ""
        others = 0 if column.only is None else len(values) - gaps - int((values == column.only).sum())
        if others:
            yield (
                f"column {column.name!r}: {others:,} of {len(values):,} {what} hold another value than {taken:g}, the "
                f"only one that training showed{instead}"
            )
    if gaps and knows and not column.counts[MISSING]:
        yield (
            f"column {column.name!r}: {gaps:,} of {len(values):,} {what} have no value, which training never "
            f"showed{instead}"
        )
