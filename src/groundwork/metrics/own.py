"""Metrics of torchmetrics alone, for tasks whose predictions are neither classes nor plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError
from groundwork.metrics.bootstrap import Scores
from groundwork.metrics.collection import _Metrics, bare_name
from groundwork.metrics.counts import Floats
from groundwork.metrics.extra import ExtraScores


@dataclass(frozen=True)
class NoScores:
    """Give no metric of N samples; a base for others to be added to."""

    num_samples: int
    calibration: None = None

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Give nothing at any weighting."""
        return {}

    def trials(self) -> Mapping[str, tuple[float, float]]:
        """Give no share."""
        return {}


@dataclass(frozen=True)
class OwnMetrics(_Metrics):
    """Measure predictions (N, K) or (N, T) by the metrics that `extra` names, and by nothing else.

    Args:
        monitor: Metric that picks the checkpoint, where the task names none.
        resamples: Number of bootstrap resamples behind each interval.
        extra: name -> torchmetrics metric, updated once with the whole split; see `ExtraScores`.
    """

    def scores(
        self,
        prediction: NDArray[np.floating],
        target: NDArray[np.generic],
        names: Sequence[str],
        only: str | None = None,
    ) -> Scores:
        """Prepare the metrics of one split, or one metric only, for any weighting of its samples."""
        return ExtraScores(NoScores(len(target)), self._wanted(only), prediction, target, names, None)

    def direction(self, metric: str) -> str:
        """Say whether "max" or "min" of a metric is best.

        Raises:
            UserError: If `extra` does not name it.
        """
        name = bare_name(metric)
        if name not in self.extra:
            known = ", ".join(sorted(self.extra)) or "none; add metrics.extra"
            raise UserError(
                f"monitor must be one of metrics.extra, but got {metric!r}. Choose one of: {known}."
            )
        return super().direction(metric)
