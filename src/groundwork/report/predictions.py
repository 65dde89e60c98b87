"""Predictions of a split -> those whose truth is known, as the report shows them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.report.folder import ReportedRun


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


def classified(run: ReportedRun, split: Split) -> Classified | None:
    """Return the predictions of a classification split; None where there are none."""
    found = run.predictions(split) if run.task == "classification" else None
    if found is None:
        return None
    known = (found.target >= 0) & (found.prediction >= 0)
    if not known.any():
        return None
    shown = found.take(known)
    prob = None if shown.prob is None else shown.prob.astype(np.float64)
    return Classified(shown.sample_id, shown.target, shown.prediction, prob, shown.names)


def regressed(run: ReportedRun, split: Split) -> list[Regressed]:
    """Return the predictions of a regression split, one entry per target."""
    found = run.predictions(split) if run.task == "regression" else None
    if found is None:
        return []
    known = np.isfinite(found.target) & np.isfinite(found.prediction)
    return [
        Regressed(name, found.sample_id[rows], found.target[rows, t], found.prediction[rows, t])
        for t, name in enumerate(found.names)
        if (rows := known[:, t]).any()
    ]


@dataclass(frozen=True)
class Labeled:
    """Hold what was predicted for one label, where the truth is known.

    Attributes:
        name: Of the label.
        target: (N,) whether a sample has it.
        prob: (N,) float64 in [0, 1].
    """

    name: str
    target: NDArray[np.bool_]
    prob: NDArray[np.float64]


def labeled(run: ReportedRun, split: Split) -> list[Labeled]:
    """Return the predictions of a split with several labels, one entry per label."""
    found = run.predictions(split) if run.task == "multilabel" else None
    if found is None or found.prob is None:
        return []
    known = ~np.isnan(found.target)
    return [
        Labeled(name, found.target[rows, t] == 1, found.prob[rows, t])
        for t, name in enumerate(found.names)
        if (rows := known[:, t]).any()
    ]


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
