"""The metrics of several labels per sample as one object that a config can name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from groundwork.core.directions import Direction, bare_name
from groundwork.core.errors import UserError
from groundwork.metrics.bootstrap import Scores
from groundwork.metrics.collection import Metrics, Predictions, Targets
from groundwork.metrics.labels import LabelScores
from groundwork.metrics.threshold import choose_threshold

JOINED = ("average_precision", "auroc", "f1", "precision", "recall")  # macro, micro and per label
OF_SAMPLES = ("exact_match", "hamming_loss", "log_loss")  # monitors that count every label alike, had or not


@dataclass(frozen=True)
class MultilabelMetrics(Metrics):
    """Measure probabilities (N, T) against labels of 0 and 1 (N, T), NaN where unknown.

    Args:
        monitor: Metric that picks the checkpoint, where the task names none.
        resamples: Number of bootstrap resamples behind the intervals of torchmetrics' metrics.
        extra: name -> torchmetrics metric, updated once with the whole split.
        threshold: A sample has a label from this probability on: one for all labels, or one each; None is 0.5, and so
            is "auto" until `choose` has found one for each.
    """

    threshold: float | Sequence[float] | Literal["auto"] | None

    def __post_init__(self) -> None:
        """Refuse a threshold that is no probability."""
        given = self.threshold
        if given is None or given == "auto":
            return
        every = [given] if isinstance(given, int | float | str) else [*given]
        if not all(isinstance(one, int | float) and 0 <= one <= 1 for one in every):
            raise UserError(
                f"metrics.threshold must be null, auto or in [0, 1], one or one each, but got {given!r}. Change it."
            )

    def choose(
        self, prediction: Predictions, target: Targets, names: Sequence[str], monitor: str
    ) -> tuple[MultilabelMetrics, str]:
        """Choose the threshold of each label on val; the metrics with them, and the metric that each makes largest.

        Args:
            monitor: The criterion is F1, or accuracy where the monitor counts every label alike.
        """
        criterion = "accuracy" if monitor.removeprefix("val/") in OF_SAMPLES else "f1"
        truth = target.astype(np.float64)
        found = []
        for column, own in zip(prediction.T, truth.T, strict=True):
            known = ~np.isnan(own)
            prob = np.stack([1 - column[known], column[known]], axis=1)
            decides = known.any() and (own[known] == 1).any()
            found.append(
                choose_threshold(prob, own[known].astype(np.int64), positive=1, criterion=criterion)
                if decides
                else 0.5
            )
        return replace(self, threshold=found), criterion

    def decide(self, prediction: Predictions, names: Sequence[str]) -> NDArray[np.int64]:
        """Turn probabilities (N, T) into labels of 0 and 1 (N, T)."""
        return (prediction.astype(np.float64) >= self.thresholds(names)).astype(np.int64)

    def thresholds(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Give the threshold of each label, (T,).

        Raises:
            UserError: If there are more or fewer than labels.
        """
        given = 0.5 if self.threshold is None or self.threshold == "auto" else self.threshold
        found = np.asarray(given, dtype=np.float64)
        if found.ndim and len(found) != len(names):
            raise UserError(
                f"metrics.threshold must be one number, or one for each of {len(names)} labels, but got {len(found)}. "
                "Give as many."
            )
        return np.broadcast_to(found, len(names))

    def direction(self, metric: str) -> Direction:
        """Say whether "max" or "min" of a metric is best.

        Raises:
            UserError: If several labels have no such metric.
        """
        name, of_one = bare_name(metric), (*JOINED, *self.extra)
        known = (*JOINED, *(f"{each}_micro" for each in JOINED), *OF_SAMPLES, *self.extra)
        if name not in known or ("/" in metric.removeprefix("val/") and name not in of_one):
            raise UserError(
                f"monitor must be a metric of several labels, but got {metric!r}. Choose one of: {', '.join(known)}."
            )
        return super().direction(metric)

    def _base(self, prediction: Predictions, target: Targets, names: Sequence[str], ranked: bool) -> Scores:
        return LabelScores(prediction, target.astype(np.float64), names, self.thresholds(names), ranked)
