"""Content -> samples that are there twice: within a split, across splits, under another label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, factorize

from groundwork.data.contents import input_contents
from groundwork.data.samples import Samples

MOST_LISTED = 1000


def input_content(samples: Samples, digest: NDArray[np.str_] | None) -> NDArray[np.int64]:
    """Number the contents of inputs, (N,): equal numbers are the same image, or the same row of inputs."""
    return np.asarray(factorize(input_contents(samples, digest))[0], dtype=np.int64)


def repeated(content: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """List the rows of every content that comes more than once, in the order of the data."""
    order = np.argsort(content, kind="stable")
    starts = np.flatnonzero(np.diff(content[order], prepend=-1))
    groups = [group for group in np.split(order, starts[1:]) if len(group) > 1]
    return sorted(groups, key=lambda group: int(group[0]))


def describe_duplicates(
    groups: Sequence[NDArray[np.int64]], samples: Samples, split: NDArray[Any], encoded: NDArray[Any]
) -> dict[str, Any]:
    """Count and list groups of samples that are one, those that tell most first.

    Returns:
        groups, samples (in groups), extra (without one of each group), within and across (groups by the splits
        they lie in), conflicts (groups with unlike targets), listed.
    """
    listed = [
        {
            "members": members(group, samples, split),
            "across": len(set(split[group].tolist())) > 1,
            "conflict": bool(differ(encoded[group[:1]], encoded[group]).any()),
        }
        for group in groups
    ]
    across = sum(bool(one["across"]) for one in listed)
    conflicts = sum(bool(one["conflict"]) for one in listed)
    listed.sort(key=lambda one: (not one["across"], not one["conflict"]))
    return {
        "groups": len(listed),
        "samples": sum(map(len, groups)),
        "extra": sum(len(group) - 1 for group in groups),
        "within": len(listed) - across,
        "across": across,
        "conflicts": conflicts,
        "listed": listed[:MOST_LISTED],
    }


def best_possible(content: NDArray[np.int64], encoded: NDArray[Any]) -> float:
    """Bound the accuracy that any model can reach where equal inputs have different classes."""
    known = encoded >= 0
    counts = DataFrame({"content": content[known], "label": encoded[known]}).value_counts().reset_index()
    return float(counts.groupby("content")["count"].max().sum() / max(1, known.sum()))


def differ(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which targets (M,) or (M, T) differ; one that is missing agrees with any."""
    if one.ndim == 1:
        return np.asarray(one != other)
    return np.asarray(((one != other) & ~np.isnan(one) & ~np.isnan(other)).any(axis=1))


def members(rows: NDArray[np.int64], samples: Samples, split: NDArray[Any]) -> list[dict[str, str]]:
    """Name samples with their split and target."""
    return [
        {
            "sample_id": str(samples.sample_id.iloc[row]),
            "split": str(split[row]),
            "target": ", ".join(_short(value) for value in samples.target.iloc[row]),
        }
        for row in rows
    ]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
