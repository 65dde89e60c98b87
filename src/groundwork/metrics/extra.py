"""Any torchmetrics metric -> one more column beside the metrics of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.bootstrap import Ends, Scores
from groundwork.metrics.counts import Floats
from groundwork.metrics.draws import Draws

if TYPE_CHECKING:
    from torchmetrics import Metric


class ExtraScores:
    """Add torchmetrics metrics to scores; each is updated once with the whole (drawn) split.

    A metric named `Binary...` sees (N,) probabilities of the positive class (the last, if none is named);
    one named `Multilabel...` sees targets of 0 and 1 (N, T) as whole numbers;
    a single target is handed over as (N,); samples with a missing target are left out. A result per class
    or target becomes `<name>/<class>`.

    Args:
        base: Scores to extend.
        extra: name -> metric.
        prediction: (N, K) probabilities or (N, T) values.
        target: (N,) class numbers or (N, T) values.
        names: K classes or T targets.
        positive: Number of the positive class; None is the last.
    """

    def __init__(
        self,
        base: Scores,
        extra: Mapping[str, Metric],
        prediction: NDArray[np.floating],
        target: NDArray[np.generic],
        names: Sequence[str],
        positive: int | None,
    ):
        self.base, self.extra, self.names = base, dict(extra), tuple(names)
        self.num_samples = base.num_samples
        self.prediction = np.asarray(prediction, np.float32 if target.ndim == 1 else np.float64)
        self.target = target
        self.positive = -1 if positive is None else positive

    def ends(self, value: Mapping[str, float], draws: Draws) -> Mapping[str, Ends]:
        """Give the intervals of the other metrics; those of torchmetrics are drawn."""
        return self.base.ends(value, draws)

    def remarks(self, draws: Draws) -> Mapping[str, Mapping[str, float]]:
        """Say what the other metrics say."""
        return self.base.remarks(draws)

    def contributions(self, metric: str) -> Floats | None:
        """Give those of the other metrics."""
        return None if metric in self.extra else self.base.contributions(metric)

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings (N, R) of whole numbers, (R,) each."""
        metrics = self.base.at(weights)
        for name, metric in self.extra.items():
            columns = [self._one(name, metric, weights[:, column]) for column in range(weights.shape[1])]
            metrics |= {key: np.array([one[key] for one in columns]) for key in columns[0]}
        return metrics

    def _one(self, name: str, metric: Metric, weight: NDArray[np.floating]) -> dict[str, float]:
        from torch import from_numpy  # here, so that the metrics of this room work without torch

        rows = np.repeat(np.arange(self.num_samples), weight.astype(np.int64))
        prediction, target = self._view(metric, rows)
        metric.reset()
        metric.update(from_numpy(prediction), from_numpy(target))
        value = np.asarray(metric.compute().detach().cpu().numpy(), float)
        metric.reset()
        if value.ndim == 0:
            return {name: float(value)}
        return {f"{name}/{label}": float(one) for label, one in zip(self.names, value, strict=True)}

    def _view(self, metric: Metric, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        prediction, target = self.prediction[rows], self.target[rows]
        if type(metric).__name__.startswith("Binary"):
            chosen = self.positive % prediction.shape[1]
            return prediction[:, chosen], (target == chosen).astype(np.int64)
        if target.ndim == 1:
            return prediction, target
        values = target.astype(np.float64)
        complete = ~np.isnan(values).any(axis=1)
        prediction, values = prediction[complete], values[complete]
        if type(metric).__name__.startswith("Multilabel"):
            return prediction, values.astype(np.int64)
        return (prediction[:, 0], values[:, 0]) if values.shape[1] == 1 else (prediction, values)
