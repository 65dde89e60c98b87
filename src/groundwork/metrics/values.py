"""The metrics of regression as one object that a config can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from groundwork.core.quantiles import ordered_levels, quantile_columns
from groundwork.metrics.bootstrap import Scores
from groundwork.metrics.collection import Metrics, Predictions, Targets
from groundwork.metrics.quantile import QuantileScores
from groundwork.metrics.regression import RegressionScores


@dataclass(frozen=True)
class RegressionMetrics(Metrics):
    """Measure values (N, T) against targets (N, T), both in original units, NaN where a target is missing.

    Args:
        monitor: Metric that picks the checkpoint, where the task names none.
        resamples: Number of bootstrap resamples behind each interval.
        extra: name -> torchmetrics metric, updated once with the whole split.
        quantiles: Q levels in the order of predictions (N, Q * T), which brings the metrics of `QuantileScores`.
    """

    quantiles: Sequence[float] = ()

    def for_loss(self, loss: Mapping[str, Any]) -> Self:
        """Know the quantiles of a loss."""
        return (
            replace(self, quantiles=ordered_levels(loss["quantiles"]))
            if loss.get("name") == "quantile"
            else self
        )

    def points(self, prediction: Predictions, names: Sequence[str]) -> Predictions:
        """Give the medians (N, T) of quantiles, and other values as they are."""
        return prediction[:, : len(names)] if prediction.ndim > 1 else prediction

    def beside(self, prediction: Predictions, names: Sequence[str]) -> dict[str, Predictions]:
        """Name the quantiles other than the median, (N,) each; a model of values alone has none."""
        wide = prediction.ndim > 1 and prediction.shape[1] > len(names)
        columns = quantile_columns(self.quantiles, names) if wide else []
        return {name: prediction[:, place] for place, name in enumerate(columns) if place >= len(names)}

    def _base(self, prediction: Predictions, target: Targets, names: Sequence[str], ranked: bool) -> Scores:
        truth = target.astype(np.float64)
        base = RegressionScores(self.points(prediction, names), truth, names)
        if not self.quantiles:
            return base
        truth = truth.reshape(len(truth), len(names))
        prediction = prediction.reshape(len(truth), -1)
        if prediction.shape[1] == len(names):
            prediction = self._with_errors(prediction, truth)
        return QuantileScores(base, prediction, truth, self.quantiles)

    def _with_errors(self, points: Predictions, truth: NDArray[np.float64]) -> Predictions:
        """Give a model of values alone, such as a baseline, the quantiles of its errors on these very rows.

        That flatters it a little, so it is beaten fairly.
        """
        known = np.where(np.isnan(truth).all(axis=0), points, truth)
        error = np.nanquantile(known - points, self.quantiles[1:], axis=0)
        return np.hstack([points, *(points + each for each in error)])
