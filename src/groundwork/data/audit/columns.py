"""Columns of a table -> gaps, constants, columns that name their rows, and columns that look like groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from groundwork.core.batch import Split
from groundwork.data.missing import as_numbers, find_gaps
from groundwork.data.samples import Samples

NAMES_ROWS = 0.95  # share of distinct texts from which a category names its row rather than describes it


def describe_columns(
    inputs: DataFrame, categorical: Sequence[str], rows: Mapping[Split, NDArray[np.int64]]
) -> list[dict[str, Any]]:
    """Describe each input column: gaps in every split, everything else on training rows alone."""
    return [_describe(inputs[name], name in categorical, rows) for name in inputs.columns]


def count_gaps(table: DataFrame) -> dict[str, int]:
    """Count the missing values of each column, (N, D) raw."""
    return {str(name): int(table[name].isna().sum()) for name in table.columns}


def _describe(
    column: Series, is_categorical: bool, rows: Mapping[Split, NDArray[np.int64]]
) -> dict[str, Any]:
    gaps = find_gaps(column, is_categorical, "missing")
    endless = 0 if is_categorical else int(np.isinf(as_numbers(column, "keep")).sum())
    train = rows["train"]
    known = column.iloc[train[~gaps[train]]]
    distinct = int(known.nunique())
    found: dict[str, Any] = {
        "name": str(column.name),
        "kind": "categorical" if is_categorical else "numeric",
        "missing": {split: int(gaps[of].sum()) for split, of in rows.items()},
        "infinite": endless,
        "distinct": distinct,
        # A column of gaps and one value still tells which rows have the gap.
        "constant": distinct == 0 or (distinct == 1 and len(known) == len(train)),
        "empty": distinct == 0,
        "names_rows": is_categorical and len(known) > 1 and distinct >= NAMES_ROWS * len(known),
    }
    if not is_categorical and distinct:
        values = as_numbers(known, "missing")
        found |= {"low": float(values.min()), "median": float(np.median(values)), "high": float(values.max())}
    elif distinct:
        found["most_frequent"] = str(known.mode().iloc[0])
    return found


def describe_groups(samples: Samples, split: NDArray[Any]) -> list[dict[str, Any]]:
    """Count for each column that looks like a group the values that repeat, and those that lie in several parts."""
    found: list[dict[str, Any]] = []
    for name in () if samples.group_like is None else samples.group_like.columns:
        table = DataFrame({"value": samples.group_like[name].to_numpy(), "split": split})  # type: ignore[index]
        parts = table.groupby("value")["split"].agg(["size", "nunique"])
        repeated = parts[parts["size"] > 1]
        across = int(np.sum(repeated["nunique"] > 1))
        found.append({"column": str(name), "values": len(repeated), "across": across})
    return found
