"""Predicted and true values -> the intervals of the metrics of regression."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from groundwork.metrics.counts import NOTHING, Floats
from groundwork.metrics.draws import Draws
from groundwork.metrics.mean import log_ratio_ends

Ends = tuple[float, float]
ALMOST = 1 - 1e-12  # of a correlation, so that Fisher's scale stays finite
# Mean e^4 / (mean e^2)^2 of the errors above which no interval of a mean square covers. Normal errors have 3; of
# those, 1 % of sets of 30 and none of 400 are above 5; of t3 and log-normal errors half the sets of 30, most of 400.
HEAVY = 5.0


class Pairs(Protocol):
    """Rows (M,) of one target that is known, its prediction p (M,) and its value y (M,)."""

    rows: NDArray[np.int64]
    p: Floats
    y: Floats


def target_ends(
    rows: NDArray[np.int64],
    p: Floats,
    y: Floats,
    at: Callable[[NDArray[np.floating]], Mapping[str, Floats]],
    suffix: str,
    value: Mapping[str, float],
    draws: Draws,
) -> dict[str, Ends]:
    """Bound every metric of one target, each name followed by `suffix`.

    Args:
        at: Weights (N, R) -> the metrics of this target, without suffix.
    """
    names = [f"{name}{suffix}" for name in ("mse", "rmse", "mae", "r2", "pearson", "spearman")]
    if np.isnan(value[names[0]]):
        return dict.fromkeys(names, NOTHING)
    error = p - y
    square, absolute, apart, count = (
        _everywhere(each, rows, draws)
        for each in (error**2, np.abs(error), (y - y.mean()) ** 2, np.ones(len(y)))
    )
    mse, mae, unexplained = log_ratio_ends([(square, count), (absolute, count), (square, apart)], draws)
    found = [mse, _root(mse), mae, (1 - unexplained[1], 1 - unexplained[0])]
    for name in names[4:]:
        pairs = len(rows) / draws.effect(name)
        if name.startswith("pearson"):
            variance = _pearson_error(value[name], p, y, pairs)
        else:
            seen = draws.variance(
                lambda weights: np.arctanh(np.clip(at(weights)["spearman"], -ALMOST, ALMOST))
            )
            variance = max(_spearman_error(value[name], pairs), np.nan_to_num(seen))
        found.append(_correlation_ends(value[name], variance, pairs, draws.level))
    return dict(zip(names, found, strict=True))


def mean_ends(targets: Sequence[Pairs], draws: Draws) -> dict[str, Ends]:
    """Bound the errors averaged over the targets that are known somewhere."""
    known = [each for each in targets if len(each.rows)]
    count, joint = np.ones(draws.units.num_samples), np.zeros((2, draws.units.num_samples))
    for each in known:
        share = len(count) / len(each.rows) / len(known)
        joint[:, each.rows] += share * np.stack([(each.p - each.y) ** 2, np.abs(each.p - each.y)])
    mse, mae = log_ratio_ends([(loss, count) for loss in joint], draws)
    return {"mse": mse, "rmse": _root(mse), "mae": mae}


def too_heavy(error: Floats) -> bool:
    """Tell whether errors (M,) have tails for which the interval of a mean square is too short."""
    mean = float((error**2).mean()) if len(error) else 0.0
    return mean > 0 and float((error**4).mean()) > HEAVY * mean**2


def _correlation_ends(r: float, variance: float, pairs: float, level: float) -> Ends:
    """Bound a correlation on Fisher's scale."""
    if np.isnan(r) or pairs <= 3:
        return NOTHING
    half = float(t.ppf((1 + level) / 2, pairs - 1)) * np.sqrt(variance)
    middle = np.arctanh(np.clip(r, -ALMOST, ALMOST))
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def _pearson_error(r: float, p: Floats, y: Floats, pairs: float) -> float:
    """Give the variance of arctanh r of normal pairs (Fisher, Metron 1921), or of pairs as these are, if larger."""
    if not abs(r) < 1 or pairs <= 3:
        return 0.0
    p, y = ((column - column.mean()) / column.std() for column in (p, y))
    pull = (p * y - r * (p * p + y * y) / 2) / (1 - r * r)
    return max(1 / (pairs - 3), float((pull**2).mean()) / (pairs - 1))


def _spearman_error(r: float, pairs: float) -> float:
    """Give the variance of arctanh r as Bonett and Wright, Psychometrika 2000."""
    return (1 + r * r / 2) / (pairs - 3) if pairs > 3 else 0.0


def _everywhere(values: Floats, rows: NDArray[np.int64], draws: Draws) -> Floats:
    whole = np.zeros(draws.units.num_samples)
    whole[rows] = values
    return whole


def _root(ends: Ends) -> Ends:
    return float(np.sqrt(ends[0])), float(np.sqrt(ends[1]))
