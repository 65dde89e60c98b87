"""K models on the same samples -> which of their differences are more than chance, all pairs at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from groundwork.metrics.counts import Floats
from groundwork.metrics.draws import CHUNK, Groups, Units

SHUFFLES, CELLS = 2000, 40_000_000  # permutations, and how many of their cells are afforded
AREAS = 20  # samples per class from which DeLong's covariance of areas is taken


def sum_ranges(parts: Floats, *, group: Groups | None = None, seed: int = 0) -> Floats:
    """Draw the range of K equal models of a metric that is a sum: the models change places within each sample.

    Args:
        parts: (K, N) what each sample adds to the metric of each model.
        group: (N,) stays whole.

    Returns:
        (R,) ranges, largest minus smallest model.
    """
    units = Units(parts.shape[1], group)
    summed = np.stack([units.per_unit(part) for part in parts])
    number = int(np.clip(CELLS // max(1, summed.size), 200, SHUFFLES))
    rng = np.random.default_rng(seed)
    return np.array([np.ptp(rng.permuted(summed, axis=0).sum(axis=1)) for _ in range(number)])


def any_ranges(
    at: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    num_models: int,
    num_samples: int,
    *,
    group: Groups | None = None,
    shuffles: int = 200,
    seed: int = 0,
) -> Floats:
    """Draw the range of K equal models of any metric: whole predictions change places within each sample.

    Args:
        at: Weights (K * N, C) of the predictions of all models, one model after another -> the metric (C,).
        num_models: K.
        num_samples: N.
        group: (N,) stays whole.
        shuffles: R.
        seed: Of the shuffles.

    Returns:
        (R,) ranges, largest minus smallest model.
    """
    units, rng = Units(num_samples, group), np.random.default_rng(seed)
    sample, model = np.arange(num_samples), np.arange(num_models)[:, None]
    together = max(1, CHUNK // max(1, num_models**2 * num_samples))
    ranges = []
    for start in range(0, shuffles, together):
        columns = min(together, shuffles - start)
        weights = np.zeros((num_models * num_samples, columns, num_models), np.float32)
        for column in range(columns):
            place = rng.permuted(np.broadcast_to(model, (num_models, units.num_units)), axis=0)
            place = place if units.member is None else place[:, units.member]
            weights[place * num_samples + sample, column, model] = 1
        values = at(weights.reshape(len(weights), -1)).reshape(columns, num_models)
        ranges.append(np.ptp(values, axis=1))
    return np.concatenate(ranges)


def area_ranges(scores: Floats, positive: NDArray[np.bool_], *, seed: int = 0) -> Floats:
    """Draw the range of K equal AUROCs from a normal with their joint covariance.

    Args:
        scores: (K, N) higher means more likely positive.
        positive: (N,)

    Source:
        DeLong, DeLong and Clarke-Pearson, Biometrics 1988.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(scores, axis=1)
    above = (ranks[:, positive] - rankdata(scores[:, positive], axis=1)) / n
    below = 1 - (ranks[:, ~positive] - rankdata(scores[:, ~positive], axis=1)) / m
    covariance = np.cov(above) / m + np.cov(below) / n
    drawn = np.random.default_rng(seed).multivariate_normal(
        np.zeros(len(scores)), np.atleast_2d(covariance), SHUFFLES, method="eigh"
    )
    return np.asarray(np.ptp(drawn, axis=1))


def against_best(values: Floats, ranges: Floats, level: float = 0.95) -> list[dict[str, float]]:
    """Compare K models with the first, simultaneously for all pairs.

    Returns:
        `difference` to the first, `low`, `high`, and `p`: how often equal models range as far.
    """
    known = ranges[~np.isnan(ranges)]
    reach = float(np.quantile(known, level)) if len(known) else float("nan")
    found = []
    for value in values:
        difference = float(value - values[0])
        beyond = (1 + np.count_nonzero(known >= abs(difference) - 1e-12)) / (1 + len(known))
        p = float("nan") if np.isnan(difference) or not len(known) else float(beyond)
        found.append(
            {"difference": difference, "low": difference - reach, "high": difference + reach, "p": p}
        )
    return found
