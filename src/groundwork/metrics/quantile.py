"""Predicted quantiles beside metrics of values: how well they lie, how often the outer two hold the truth, how wide."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.core.quantiles import outer_quantiles
from groundwork.core.suited import QUANTILE
from groundwork.metrics.bootstrap import Ends
from groundwork.metrics.counts import Floats, defined_mean, ratio
from groundwork.metrics.draws import Draws
from groundwork.metrics.mean import Ratio, log_ratio_ends
from groundwork.metrics.regression import RegressionScores
from groundwork.metrics.share import share_ends


class QuantileScores:
    """Add `pinball_loss`, `interval_coverage` and `interval_width` to the metrics of the medians.

    pinball = mean over the quantiles q of max(q (y - f), (q - 1) (y - f)), in units of the target. The interval goes
    from the lowest quantile to the highest. Several targets: the mean over them, and each has its `<metric>/<name>`.

    Args:
        base: Of the medians.
        prediction: (N, Q * T) in units of the target, the medians of all targets first.
        target: (N, T), NaN where missing.
        levels: Q, in the order of the predictions.

    Source:
        Koenker and Bassett, Econometrica 1978, Regression quantiles.
    """

    def __init__(
        self,
        base: RegressionScores,
        prediction: NDArray[np.floating],
        target: NDArray[np.floating],
        levels: Sequence[float],
    ):
        self.base, self.num_samples = base, base.num_samples
        self.known = ~np.isnan(target)
        level, apart = np.array(levels)[:, None], prediction.reshape(len(target), len(levels), -1)
        error = target[:, None] - apart
        low, high = outer_quantiles(prediction, target.shape[1])
        inside, usable = (low <= target) & (target <= high), np.isfinite(prediction).all()
        parts = (np.maximum(level * error, (level - 1) * error).mean(axis=1), inside, high - low)
        self.parts = {
            name: np.where(self.known, part if usable else np.nan, 0.0)
            for name, part in zip(QUANTILE, parts, strict=True)
        }

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings (N, R), (R,) each."""
        metrics, w = self.base.at(weights), weights.astype(float)
        counted = self.known.T.astype(float) @ w
        for metric, part in self.parts.items():
            each = ratio(part.T @ w, counted)
            metrics[metric] = defined_mean(each)
            if len(self.base.names) > 1:
                metrics |= {f"{metric}/{name}": one for name, one in zip(self.base.names, each, strict=True)}
        return metrics

    def ends(self, value: Mapping[str, float], draws: Draws) -> Mapping[str, Ends]:
        """Give the intervals of losses, widths and shares; the mean share of several targets is drawn."""
        own = [name for name in value if name.partition("/")[0] in QUANTILE]
        found = dict(self.base.ends({name: value[name] for name in value if name not in own}, draws))
        means = [name for name in own if not name.startswith("interval_coverage")]
        found |= zip(means, log_ratio_ends([self._ratio(name) for name in means], draws), strict=True)
        for name in own:
            if name not in means and ("/" in name or self.known.shape[1] == 1):
                hits, trials = (part.sum() / draws.effect(name) for part in self._ratio(name))
                found[name] = share_ends(hits, trials, draws.level).pair
        return found

    def remarks(self, draws: Draws) -> Mapping[str, Mapping[str, float]]:
        """Say what the other metrics say."""
        return self.base.remarks(draws)

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample adds to a metric of a single target that is known of all."""
        if metric not in QUANTILE:
            return self.base.contributions(metric)
        single = self.known.shape[1] == 1 and self.known.all()
        return self.parts[metric][:, 0] / self.num_samples if single else None

    def _ratio(self, name: str) -> Ratio:
        """Give the sums over samples, above and below, whose ratio is a metric."""
        metric, _, target = name.partition("/")
        part, known = self.parts[metric], self.known.astype(float)
        if target or known.shape[1] == 1:
            place = [*self.base.names].index(target) if target else 0
            return part[:, place], known[:, place]
        count = known.sum(axis=0)
        share = np.divide(self.num_samples, count, out=np.zeros(len(count)), where=count > 0)
        return part @ share / max((count > 0).sum(), 1), np.ones(self.num_samples)
