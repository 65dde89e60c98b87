"""Predictions of a split <-> their table: the one place that names its columns.

Classes: `sample_id`, `group` where there are groups, `target`, `prediction` and `prob/<class>` for every class. One
value: the same without `prob/`. Several: `target/<name>` and `prediction/<name>` instead, and `prob/<name>` of labels.
Quantiles other than the median: `<name>_q05`.
New samples have no target.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Index, Series

from groundwork.core.atomic import write_bytes
from groundwork.core.bounded import read_table

# names, target, prediction, prob
Found = tuple[list[str], NDArray[Any], NDArray[Any], NDArray[np.floating] | None]


@dataclass(frozen=True)
class Predictions:
    """Hold what was predicted for N samples, aligned.

    Attributes:
        names: K classes or T targets.
        sample_id: (N,) str.
        group: (N,), or None where there are no groups.
        target: (N,) int64 class numbers, -1 where unknown; or (N, T) float64 in original units, NaN where unknown.
        prediction: As target.
        prob: (N, K), or (N, T) of labels, in [0, 1]; None for values, and where no probabilities were kept.
        others: (N, (Q - 1) * T) quantiles beside the medians; None where there are none.
    """

    names: list[str]
    sample_id: NDArray[np.object_]
    group: NDArray[Any] | None
    target: NDArray[Any]
    prediction: NDArray[Any]
    prob: NDArray[np.floating] | None
    others: NDArray[np.floating] | None = None

    @property
    def measured(self) -> NDArray[Any]:
        """Give what metrics read: probabilities, or values with all their quantiles."""
        if self.prob is not None:
            return self.prob
        return self.prediction if self.others is None else np.hstack([self.prediction, self.others])

    def take(self, rows: NDArray[Any]) -> "Predictions":
        """Keep some samples, by number or by a mask."""
        return replace(
            self,
            sample_id=self.sample_id[rows],
            group=None if self.group is None else self.group[rows],
            target=self.target[rows],
            prediction=self.prediction[rows],
            prob=None if self.prob is None else self.prob[rows],
            others=None if self.others is None else self.others[rows],
        )


def prediction_table(
    sample_id: ArrayLike,
    prediction: NDArray[Any],
    *,
    classes: Sequence[str],
    targets: Sequence[str],
    prob: NDArray[np.floating] | None = None,
    truth: NDArray[Any] | None = None,
    group: ArrayLike | None = None,
) -> DataFrame:
    """Name every number that was predicted.

    Args:
        sample_id: (N,)
        prediction: (N,) class names, or (N, T) values in original units.
        classes: K names; none for values.
        targets: T names.
        prob: (N, K) probabilities of the classes, or (N, T) of labels.
        truth: As prediction; None for new samples.
        group: (N,) what ties samples together.
    """
    table: dict[str, Any] = {"sample_id": np.asarray(sample_id)}
    if group is not None:
        table["group"] = np.asarray(group)
    for what, values in (("target", truth), ("prediction", prediction)):
        if values is None:
            continue
        if classes:
            table[what] = Series(values, dtype="str")
        elif len(targets) == 1:
            table[what] = values[:, 0]
        else:
            table |= {f"{what}/{name}": values[:, number] for number, name in enumerate(targets)}
    if prob is not None:
        table |= {f"prob/{name}": prob[:, number] for number, name in enumerate(classes or targets)}
    return DataFrame(table)


def write_table(path: Path, table: DataFrame) -> None:
    """Write the table of a split, all of it or nothing."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getbuffer())


def read_predictions(path: Path, classes: Sequence[str], targets: Sequence[str]) -> Predictions | None:
    """Read the table of a split; None where it holds no predictions of this kind.

    Args:
        path: Of the file.
        classes: K names; none for values.
        targets: T names; a single one may be missing from old folders.

    Raises:
        UserError: If the file is missing or damaged.
    """
    table = read_table(path, pd.read_parquet)
    found = _classes(table, list(classes)) if classes else _values(table, targets)
    if found is None:
        return None
    names, target, prediction, prob = found
    sample_id = table["sample_id"].astype(str).to_numpy(dtype=object)
    group = table["group"].to_numpy() if "group" in table.columns else None
    return Predictions(names, sample_id, group, target, prediction, prob, _others(table, names))


def _classes(table: DataFrame, classes: list[str]) -> Found | None:
    if not {"target", "prediction"} <= set(table.columns):
        return None
    columns = [f"prob/{name}" for name in classes]
    prob = table[columns].to_numpy() if set(columns) <= set(table.columns) else None
    return classes, _numbers(table["target"], classes), _numbers(table["prediction"], classes), prob


def _values(table: DataFrame, targets: Sequence[str]) -> Found | None:
    if "target" in table.columns:
        names, ends = [str((*targets, "target")[0])], [""]
    else:
        columns = [str(name) for name in table.columns if str(name).startswith("target/")]
        names = [name.removeprefix("target/") for name in columns]
        ends = [f"/{name}" for name in names]
    if not names:
        return None
    target, prediction = (
        table[[f"{what}{end}" for end in ends]].to_numpy(dtype=np.float64, na_value=np.nan)
        for what in ("target", "prediction")
    )
    columns = [f"prob/{name}" for name in names]  # of labels
    prob = table[columns].to_numpy(dtype=np.float64) if set(columns) <= set(table.columns) else None
    return names, target, prediction, prob


def _others(table: DataFrame, names: Sequence[str]) -> NDArray[np.float64] | None:
    """Read the quantiles beside the medians, in the order of their columns; None where there are none."""
    found = [
        c for c in map(str, table.columns) if any(re.fullmatch(rf"{re.escape(n)}_q\d+", c) for n in names)
    ]
    return table[found].to_numpy(dtype=np.float64) if found else None


def _numbers(names: "Series[str]", classes: list[str]) -> NDArray[np.int64]:
    """Map class names to class numbers; -1 where there is no such class."""
    text = names.astype("object").map(lambda name: str(name))
    return np.asarray(Index(classes).get_indexer(Index(text)), dtype=np.int64)
