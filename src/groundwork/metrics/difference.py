"""Two runs on the same samples, or several seeds or folds -> is the difference more than chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, t

from groundwork.metrics.bootstrap import Scores
from groundwork.metrics.counts import Floats
from groundwork.metrics.draws import Groups, Units
from groundwork.metrics.interval import quantiles


def paired_difference(
    first: Scores,
    second: Scores,
    *,
    group: Groups | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Bootstrap second minus first, both on the same drawn samples; percentile interval, in step with p.

    Args:
        first: Metrics of one run.
        second: Metrics of the other on the same samples in the same order.
        group: (N,) draws whole groups instead of samples.
        resamples: Number of times that the samples are drawn.
        level: Share of resamples inside the interval.
        seed: Draws the resamples.

    Returns:
        metric -> `difference`, `low`, `high` and the two-sided `p` of no difference, NaN where undefined;
        for the metrics that both have.

    Raises:
        ValueError: If the two do not cover the same number of samples.
    """
    if first.num_samples != second.num_samples:
        raise ValueError(
            f"both runs must have the same samples, but got {first.num_samples} and {second.num_samples}"
        )
    value = _subtract(first, second, np.ones((first.num_samples, 1)))
    units = Units(first.num_samples, group)
    drawn = [_subtract(first, second, weights) for weights in units.draw(resamples, seed)]
    shares = np.array([[(1 - level) / 2, (1 + level) / 2]])
    found = {}
    for name in value:
        row = np.concatenate([part[name] for part in drawn])
        low, high = quantiles(row[None], shares)
        found[name] = {
            "difference": float(value[name][0]),
            "low": float(low[0]),
            "high": float(high[0]),
            "p": _share_beyond_zero(row),
        }
    return found


def mcnemar(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> dict[str, float]:
    """Test by the exact binomial whether two classifiers err on the same number of samples.

    Args:
        correct_a: (N,) True where the first is right.
        correct_b: (N,) True where the second is right, same samples.

    Returns:
        `only_a` and `only_b`, the samples that one alone has right, and the two-sided `p`.

    Source:
        McNemar, Psychometrika 1947; exact form as in Dietterich, Neural Computation 1998.
    """
    only_a, only_b = int((correct_a & ~correct_b).sum()), int((correct_b & ~correct_a).sum())
    differing = only_a + only_b
    p = float(binomtest(only_a, differing, 0.5).pvalue) if differing else 1.0
    return {"only_a": only_a, "only_b": only_b, "p": p}


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Correct p-values for the number of comparisons, step down; NaN is no comparison and stays NaN.

    Source:
        Holm, Scandinavian Journal of Statistics 1979.
    """
    p = np.asarray(p_values, float)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN sorts last
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def repeated_interval(
    values: Sequence[float] | Floats, *, test_to_train: float, level: float = 0.95
) -> dict[str, float]:
    """Give the mean of J runs a t interval; runs on overlapping training sets are not independent.

    variance of the mean = (1 / J + test_to_train) s^2, with J - 1 degrees of freedom.

    Args:
        values: (J,) one metric, or one paired difference, per seed or fold.
        test_to_train: Test samples per training sample for folds or repeated splits (1 / (k - 1) for k
            folds); 0 for seeds on one split.
        level: Of the interval.

    Returns:
        `mean`, `std` (of the runs), `low`, `high` and the two-sided `p` of mean 0; NaN with fewer than two.

    Source:
        Nadeau and Bengio, Machine Learning 2003, equation 7.
    """
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    runs = len(known)
    mean = float(known.mean()) if runs else np.nan
    if runs < 2:
        return {"mean": mean, "std": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
    std = float(known.std(ddof=1))
    error = std * float(np.sqrt(1 / runs + test_to_train))
    margin = float(t.ppf((1 + level) / 2, runs - 1)) * error
    p = float(2 * t.sf(abs(mean) / error, runs - 1)) if error > 0 else np.nan
    return {"mean": mean, "std": std, "low": mean - margin, "high": mean + margin, "p": p}


def _subtract(first: Scores, second: Scores, weights: NDArray[np.floating]) -> dict[str, Floats]:
    a, b = first.at(weights), second.at(weights)
    return {name: b[name] - a[name] for name in a if name in b}


def _share_beyond_zero(row: Floats) -> float:
    row = row[~np.isnan(row)]
    if not len(row):
        return float("nan")
    # One more on each side, so that p is never 0 from a finite number of resamples.
    side = min(np.count_nonzero(row <= 0), np.count_nonzero(row >= 0)) + 1
    return float(min(1.0, 2 * side / (len(row) + 1)))
