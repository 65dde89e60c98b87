"""Metrics of ordered classes beside those of any classes: how far a decision is from the truth, in ranks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from groundwork.core.suited import ORDERED
from groundwork.metrics.bootstrap import Ends
from groundwork.metrics.classification import ClassificationScores
from groundwork.metrics.counts import Floats, ratio, undefined
from groundwork.metrics.draws import Draws


class OrdinalScores:
    """Add `rank_mae`, the mean distance in ranks, and `quadratic_kappa` to the metrics of classification.

    1 - sum (d - y)^2 / sum of the same for independent d and y of the same counts; undefined where that is 0.

    Args:
        base: Of classes in their order.

    Source:
        Cohen 1968, Weighted kappa.
    """

    def __init__(self, base: ClassificationScores):
        self.base, self.num_samples = base, base.num_samples
        away = (base.decision - base.target).astype(float)
        self.away, self.sums = np.abs(away), np.stack([np.ones_like(away), np.abs(away), away**2])
        ranks = [each.astype(float) for each in (base.decision, base.target)]
        self.moments = np.stack([part for rank in ranks for part in (rank, rank**2)])

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings (N, R), (R,) each."""
        metrics, w = self.base.at(weights), weights.astype(float)
        n, absolute, square = self.sums @ w
        decided, decided2, true, true2 = (ratio(part, n) for part in self.moments @ w)
        own = {
            "rank_mae": ratio(absolute, n),
            "quadratic_kappa": 1 - ratio(ratio(square, n), decided2 + true2 - 2 * decided * true),
        }
        return metrics | (own if self.base.finite else undefined(own))

    def ends(self, value: Mapping[str, float], draws: Draws) -> Mapping[str, Ends]:
        """Give the intervals of the other metrics; those of ranks are drawn."""
        return self.base.ends({name: value[name] for name in value if name not in ORDERED}, draws)

    def remarks(self, draws: Draws) -> Mapping[str, Mapping[str, float]]:
        """Say what the other metrics say."""
        return self.base.remarks(draws)

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample adds to a metric."""
        return self.away / self.num_samples if metric == "rank_mae" else self.base.contributions(metric)
