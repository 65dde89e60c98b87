"""Splits -> how far val and test are from train: class shares, and the distribution of each column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, crosstab
from scipy.stats import chi2_contingency, ks_2samp

from groundwork.core.batch import Split
from groundwork.data.missing import as_numbers
from groundwork.data.target import Target

SURE = 0.01  # of a difference by chance, shared among all comparisons of the audit
FAR = 0.1  # a smaller distance matters to no one, however sure it is


def compare_splits(
    target: Target,
    encoded: NDArray[Any],
    inputs: DataFrame,
    categorical: Sequence[str],
    rows: Mapping[Split, NDArray[np.int64]],
) -> list[dict[str, Any]]:
    """Compare val and test with train, target and columns alike, the largest distances first.

    Classes and categories by total variation, TV = 1/2 sum |p - q|, with a chi-squared test; numbers by the
    Kolmogorov-Smirnov distance. Both lie between 0, alike, and 1.
    """
    found = []
    for split in ("val", "test"):
        if len(rows["train"]) and len(rows[split]):
            pair = rows["train"], rows[split]
            found += [{"split": split, **one} for one in _compare_target(target, encoded, *pair)]
            found += [
                {
                    "split": split,
                    "of": str(name),
                    **_compare(_readable(inputs[name], name in categorical), *pair),
                }
                for name in inputs.columns
            ]
    allowed = SURE / max(1, len(found))
    for one in found:
        one["differs"] = bool(one["distance"] >= FAR and one["p"] < allowed)
    return sorted(found, key=lambda one: -one["distance"])


def total_variation(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Measure the distance of two vectors of counts, 0 for equal shares to 1 for nothing in common."""
    if not left.sum() or not right.sum():
        return 0.0
    return float(np.abs(left / left.sum() - right / right.sum()).sum() / 2)


def _compare_target(
    target: Target, encoded: NDArray[Any], train: NDArray[np.int64], other: NDArray[np.int64]
) -> list[dict[str, Any]]:
    if target.classes:
        return [{"of": "classes", **_compare(Series(encoded).astype("category"), train, other)}]
    return [
        {"of": f"target {name}", **_compare(Series(encoded[:, number]).astype("float64"), train, other)}
        for number, name in enumerate(target.names)
    ]


def _readable(column: Series, is_categorical: bool) -> Series:
    return column.astype("category") if is_categorical else Series(as_numbers(column, "missing"))


def _compare(column: Series, train: NDArray[np.int64], other: NDArray[np.int64]) -> dict[str, Any]:
    left, right = column.iloc[train].dropna(), column.iloc[other].dropna()
    if column.dtype != "category":
        if not len(left) or not len(right):
            return {"measure": "KS", "distance": 0.0, "p": 1.0}
        result = ks_2samp(left, right, method="asymp")
        return {"measure": "KS", "distance": float(result.statistic), "p": float(result.pvalue)}
    side = np.repeat([0, 1], [len(left), len(right)])
    counts = crosstab(side, np.concatenate([left.cat.codes, right.cat.codes])).to_numpy()
    if counts.shape[0] < 2 or counts.shape[1] < 2:
        return {"measure": "TV", "distance": 0.0, "p": 1.0}
    p = float(chi2_contingency(counts).pvalue)
    return {"measure": "TV", "distance": total_variation(counts[0], counts[1]), "p": p}
