"""Predicted and true values -> metrics of regression, in the units of the target."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groundwork.metrics.bootstrap import Ends, at_once
from groundwork.metrics.counts import Floats, defined_mean, ratio, undefined
from groundwork.metrics.draws import Draws
from groundwork.metrics.value_ends import mean_ends, target_ends, too_heavy

FLAT = 1e-12  # a spread below this share of the second moment is rounding: the value is constant


def regression_metrics(
    prediction: NDArray[np.floating], target: NDArray[np.floating], names: Sequence[str]
) -> dict[str, float]:
    """Compute every metric of regression over a whole split; NaN means undefined.

    See `RegressionScores` for the arguments and for what is averaged over several targets.
    """
    return at_once(RegressionScores(prediction, target, names))


class RegressionScores:
    """Prepare T targets so that the metrics at any weighting of the samples are a few sums.

    Over several targets mse, mae, r2, pearson and spearman are the mean over the targets for which they
    are defined, and rmse is the root of that mse; each target has its own `<metric>/<name>` then.
    r2 is undefined for a constant target, pearson and spearman also for a constant prediction.

    Args:
        prediction: (N, T) or (N,) in the units of the target.
        target: (N, T) or (N,), NaN where missing: such a sample does not count for that target.
        names: T names.

    Raises:
        ValueError: If the shapes differ.
    """

    def __init__(self, prediction: NDArray[np.floating], target: NDArray[np.floating], names: Sequence[str]):
        if prediction.shape != target.shape or (1 if target.ndim == 1 else target.shape[1]) != len(names):
            raise ValueError(
                f"prediction and target must both be (N, T), but got {prediction.shape}, {target.shape}"
                f" and {len(names)} names"
            )
        self.names = tuple(names)
        self.num_samples = len(target)
        columns = np.asarray(prediction, float), np.asarray(target, float)
        pairs = (array.reshape(self.num_samples, len(self.names)).T for array in columns)
        self.targets = [_Target(p, y) for p, y in zip(*pairs, strict=True)]

    def ends(self, value: Mapping[str, float], draws: Draws) -> dict[str, Ends]:
        """Give the intervals of each target, and of the mean errors over all targets."""
        found: dict[str, Ends] = {}
        for name, each in zip(self.names, self.targets, strict=True):
            suffix = "" if len(self.names) == 1 else f"/{name}"
            found |= target_ends(each.rows, each.p, each.y, each.at, suffix, value, draws)
        return found if len(self.names) == 1 else found | mean_ends(self.targets, draws)

    def remarks(self, draws: Draws) -> dict[str, dict[str, float]]:
        """Say of which targets the errors have tails too heavy for the interval of a mean square."""
        heavy = [
            name for name, each in zip(self.names, self.targets, strict=True) if too_heavy(each.p - each.y)
        ]
        names = [""] if heavy else []
        names += [f"/{name}" for name in heavy] if len(self.names) > 1 else []
        return {f"{metric}{name}": {"too_short": True} for name in names for metric in ("mse", "rmse", "r2")}

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample adds to mse, mae or r2 of a single target that is known of all."""
        each = self.targets[0]
        if len(self.targets) > 1 or len(each.rows) < self.num_samples or not each.finite:
            return None
        square, spread = (each.p - each.y) ** 2, float(((each.y - each.y.mean()) ** 2).sum())
        if metric == "mae":
            return np.abs(each.p - each.y) / self.num_samples
        if metric == "r2" and spread > 0:
            return 1 / self.num_samples - square / spread
        return square / self.num_samples if metric == "mse" else None

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings (N, R) of the samples, (R,) each."""
        per_target = [target.at(weights) for target in self.targets]
        if len(per_target) == 1:
            return per_target[0]
        metrics: dict[str, Floats] = {}
        for metric in per_target[0]:
            metrics[metric] = defined_mean(np.stack([one[metric] for one in per_target]))
        metrics["rmse"] = np.sqrt(metrics["mse"])
        for name, one in zip(self.names, per_target, strict=True):
            metrics |= {f"{metric}/{name}": value for metric, value in one.items()}
        return metrics


class _Target:
    """Keep the sums and the orders of one target (N,) and its prediction (N,)."""

    def __init__(self, prediction: Floats, target: Floats):
        self.rows = np.flatnonzero(~np.isnan(target))
        p, y = prediction[self.rows], target[self.rows]
        self.finite = bool(np.isfinite(p).all() and np.isfinite(y).all())
        p, y = (np.where(np.isfinite(column), column, 0.0) for column in (p, y))
        self.p, self.y, error = p, y, p - y
        # Sums of squares about a value of the column lose no digits, and are exactly 0 if it is constant.
        p, y = p - _middle(p), y - _middle(y)
        self.sums = np.stack([np.ones_like(y), error**2, np.abs(error), y, y * y, p, p * p, p * y])
        self.ranks = _Ranks(p), _Ranks(y)

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        w = weights if len(self.rows) == len(weights) else weights[self.rows]
        n, square, absolute, y, yy, p, pp, py = (self.sums.astype(w.dtype) @ w).astype(float)
        mse = ratio(square, n)
        spread = _spread(n, y, yy)
        metrics = {
            "mse": mse,
            "rmse": np.sqrt(mse),
            "mae": ratio(absolute, n),
            "r2": 1.0 - ratio(square, spread),
            "pearson": ratio(py - ratio(p * y, n), np.sqrt(spread * _spread(n, p, pp))),
            "spearman": self._spearman(w, n),
        }
        return metrics if self.finite else undefined(metrics)

    def _spearman(self, w: NDArray[np.floating], n: Floats) -> Floats:
        # Pearson's correlation of the mid-ranks; weighted ranks have mean 0 after centring at (n + 1) / 2.
        rank_p, rank_y = (ranks.at(w) for ranks in self.ranks)
        pp, yy, py = (np.einsum("nr,nr,nr->r", w, a, b) for a, b in _pairs(rank_p, rank_y))
        tiny = FLAT * n**3
        spread = np.where((pp > tiny) & (yy > tiny), pp * yy, 0.0)
        return ratio(py, np.sqrt(spread))


def _pairs(p: Floats, y: Floats) -> tuple[tuple[Floats, Floats], ...]:
    return (p, p), (y, y), (p, y)


class _Ranks:
    """Mid-ranks of one column (N,), ties shared, at any weights."""

    def __init__(self, value: Floats):
        distinct, self.group = np.unique(value, return_inverse=True)
        self.sums = csr_array(
            (np.ones(len(value), np.float32), (self.group, np.arange(len(value)))),
            shape=(len(distinct), len(value)),
        )

    def at(self, w: NDArray[np.floating]) -> Floats:
        """Return the ranks (N, R) minus their mean."""
        size = (self.sums @ w).astype(float)
        upto = np.cumsum(size, axis=0)
        total = upto[-1:] if len(upto) else upto.sum(axis=0, keepdims=True)
        return np.asarray((upto - 0.5 * size - 0.5 * total)[self.group])


def _middle(column: Floats) -> float:
    return float(np.partition(column, len(column) // 2)[len(column) // 2]) if len(column) else 0.0


def _spread(n: Floats, first: Floats, second: Floats) -> Floats:
    """Sum the squares about the mean, exactly 0 where the column is constant."""
    spread = second - ratio(first**2, n)
    return np.where(spread > FLAT * second, spread, 0.0)
