"""Rankings of classes against the rest -> the intervals of AUROC and average precision."""

from collections.abc import Sequence

import numpy as np

from groundwork.metrics.counts import NOTHING, Floats
from groundwork.metrics.draws import Draws
from groundwork.metrics.ranking import Ranking
from groundwork.metrics.share import Ends, auroc_variance, mover_ends, score_ends, wilson

MANY = 20  # samples of a class from which the draws tell how much a ranking varies
LEAST = 0.35  # of the formula's variance, however little the draws vary


def ranked_ends(rankings: Sequence[Ranking], truth: Floats, draws: Draws) -> dict[str, tuple[float, float]]:
    """Bound the mean of each metric over the classes for which it is defined.

    Args:
        rankings: Of K classes, or of the positive one alone.
        truth: (K,) samples of each.
        draws: Where a single class has many positives, they tell how much its average precision varies.
    """
    once = np.ones((draws.units.num_samples, 1))
    pairs = np.array([[metric[0] for metric in ranking.at(once)] for ranking in rankings])
    total, found = float(len(once)), {}
    area, precision = pairs.T
    known = np.flatnonzero(~np.isnan(area))
    found["auroc"] = found["average_precision"] = NOTHING
    if len(known):
        effect = draws.effect("auroc")
        positives, all_of = truth[known] / effect, total / effect
        share = 1.0
        if len(rankings) == 1 and MANY <= positives[0] <= all_of - MANY:
            # Classes that are told apart well vary less than the formula says; enough samples show how much.
            seen = draws.variance(lambda weights: rankings[0].at(weights)[0])
            said = float(auroc_variance(area[known], positives, all_of - positives)[0])
            share = float(np.clip(seen / said, LEAST, 1.0)) if said > 0 else 1.0
        found["auroc"] = _area_ends(area[known], positives, all_of, draws.level, share).pair
    known = np.flatnonzero(~np.isnan(precision))
    if len(known):
        positives = truth[known] / draws.effect("average_precision")
        if len(rankings) == 1 and positives[0] >= MANY:
            variance = draws.variance(lambda weights: rankings[0].at(weights)[1])
            # Many good positives tell more than their number.
            told = precision * (1 - precision) / variance if variance > 0 else 0.0
            positives = np.maximum(positives, told)
        ends = wilson(precision[known] * positives, positives, draws.level)
        found["average_precision"] = mover_ends(precision[known], ends).pair
    return found


def _area_ends(area: Floats, positives: Floats, total: float, level: float, share: float) -> Ends:
    """Bound the mean area by {t: |mean - t| <= z sqrt(V(t))}, V(t) as if all classes had t and were independent."""
    kinds, count = np.unique(positives, return_counts=True)

    def variance(t: Floats) -> Floats:
        return np.asarray(share * (auroc_variance(t, kinds, total - kinds) * count).sum() / len(area) ** 2)

    return score_ends(np.asarray(area.mean()), variance, level)
