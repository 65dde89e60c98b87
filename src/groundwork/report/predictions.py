"""predictions/<split>.parquet -> aligned arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Index, Series

from groundwork.report.folder import RunFolder


@dataclass(frozen=True)
class Classified:
    """Hold what was predicted for the labeled samples of a classification split.

    Attributes:
        sample_id: (N,) str.
        target: (N,) int64 class numbers.
        prediction: (N,) int64 class numbers.
        prob: (N, K) float64 in [0, 1], or None where the run kept no probabilities.
        classes: The K class names.
    """

    sample_id: NDArray[np.object_]
    target: NDArray[np.int64]
    prediction: NDArray[np.int64]
    prob: NDArray[np.float64] | None
    classes: list[str]

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Return (N,) the probability of the predicted class; NaN where it is not known."""
        if self.prob is None:
            return np.full(len(self.target), np.nan)
        return np.asarray(self.prob[np.arange(len(self.target)), self.prediction])

    def counts(self) -> NDArray[np.int64]:
        """Return the confusion matrix (K, K): rows are truth, columns are predictions."""
        k = len(self.classes)
        return np.bincount(self.target * k + self.prediction, minlength=k * k).reshape(k, k)


@dataclass(frozen=True)
class Regressed:
    """Hold what was predicted for one target, where the truth is known.

    Attributes:
        name: Of the target column.
        sample_id: (N,) str.
        target: (N,) float64 in original units.
        prediction: (N,) float64 in original units.
    """

    name: str
    sample_id: NDArray[np.object_]
    target: NDArray[np.float64]
    prediction: NDArray[np.float64]


def classified(run: RunFolder, split: str) -> Classified | None:
    """Return the predictions of a classification split; None where there are none."""
    table = run.predictions(split)
    if run.task != "classification" or not {"target", "prediction"} <= set(table.columns):
        return None
    target, prediction = _numbers(table["target"], run.classes), _numbers(table["prediction"], run.classes)
    known = (target >= 0) & (prediction >= 0)
    if not known.any():
        return None
    columns = [f"prob/{name}" for name in run.classes]
    has_prob = set(columns) <= set(table.columns)
    return Classified(
        sample_id=table.loc[known, "sample_id"].astype(str).to_numpy(dtype=object),
        target=target[known],
        prediction=prediction[known],
        prob=table.loc[known, columns].to_numpy(dtype=np.float64) if has_prob else None,
        classes=run.classes,
    )


def regressed(run: RunFolder, split: str) -> list[Regressed]:
    """Return the predictions of a regression split, one entry per target."""
    table = run.predictions(split)
    if run.task != "regression":
        return []
    single = str((run.data.get("targets") or ["target"])[0])
    columns = {single: ("target", "prediction")} if "target" in table.columns else {}
    columns |= {
        str(name).removeprefix("target/"): (str(name), str(name).replace("target/", "prediction/", 1))
        for name in table.columns
        if str(name).startswith("target/")
    }
    found = []
    for name, (truth, guess) in columns.items():
        target, prediction = (
            table[key].to_numpy(dtype=np.float64, na_value=np.nan) for key in (truth, guess)
        )
        known = np.isfinite(target) & np.isfinite(prediction)
        if known.any():
            ids = table.loc[known, "sample_id"].astype(str).to_numpy(dtype=object)
            found.append(Regressed(name, ids, target[known], prediction[known]))
    return found


def per_class(found: Classified) -> DataFrame:
    """Return samples, predicted, precision, recall and F1 of each class; NaN where undefined."""
    counts = found.counts()
    truth, guess, hits = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        return DataFrame(
            {
                "class": found.classes,
                "samples": truth,
                "predicted": guess,
                "precision": hits / guess,
                "recall": hits / truth,
                "f1": 2 * hits / (truth + guess),
            }
        )


def _numbers(names: "Series[str]", classes: list[str]) -> NDArray[np.int64]:
    """Map class names to class numbers; -1 where there is no such class."""
    text = names.astype("object").map(lambda name: str(name))
    return np.asarray(Index(classes).get_indexer(Index(text)), dtype=np.int64)
