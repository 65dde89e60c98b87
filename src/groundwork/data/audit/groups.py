"""Columns that look like groups and are none -> whether the split tears what they hold together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.data.samples import Samples


def describe_groups(samples: Samples, split: NDArray[Any]) -> list[dict[str, Any]]:
    """Count for each column the values that repeat, and those that lie in several parts."""
    found: list[dict[str, Any]] = []
    for name in () if samples.group_like is None else samples.group_like.columns:
        table = DataFrame({"value": samples.group_like[name].to_numpy(), "split": split})  # type: ignore[index]
        parts = table.groupby("value")["split"].agg(["size", "nunique"])
        repeated = parts[parts["size"] > 1]
        across = int(np.sum(repeated["nunique"] > 1))
        found.append({"column": str(name), "values": len(repeated), "across": across})
    return found
