"""Metrics of torchmetrics alone, for tasks whose predictions are neither classes nor plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundwork.core.directions import Direction, bare_name
from groundwork.core.errors import UserError
from groundwork.metrics.bootstrap import Ends, Scores
from groundwork.metrics.collection import Metrics, Predictions, Targets
from groundwork.metrics.counts import Floats
from groundwork.metrics.draws import Draws


@dataclass(frozen=True)
class NoScores:
    """Give no metric of N samples; a base for others to be added to."""

    num_samples: int

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Give nothing at any weighting."""
        return {}

    def ends(self, value: Mapping[str, float], draws: Draws) -> dict[str, Ends]:
        """Give no interval."""
        return {}

    def remarks(self, draws: Draws) -> dict[str, dict[str, float]]:
        """Say nothing."""
        return {}

    def contributions(self, metric: str) -> None:
        """Know of no sum."""


@dataclass(frozen=True)
class OwnMetrics(Metrics):
    """Measure predictions (N, K) or (N, T) by the metrics that `extra` names, and by nothing else.

    Args:
        monitor: Metric that picks the checkpoint, where the task names none.
        resamples: Number of bootstrap resamples behind each interval.
        extra: name -> torchmetrics metric, updated once with the whole split; see `ExtraScores`.
    """

    def _base(self, prediction: Predictions, target: Targets, names: Sequence[str], ranked: bool) -> Scores:
        return NoScores(len(target))

    def direction(self, metric: str) -> Direction:
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
