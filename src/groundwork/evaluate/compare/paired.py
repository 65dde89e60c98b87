"""Predictions of two groups on the same samples -> differences of their metrics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.evaluate.compare.predicted import MeanScores, Predicted
from groundwork.evaluate.measure import BOOTSTRAP_SEED
from groundwork.metrics import (
    AREAS,
    against_best,
    any_ranges,
    area_ranges,
    mcnemar,
    paired_difference,
    repeated_interval,
    sum_ranges,
)

Difference = dict[str, float]


def compare_all(
    groups: Sequence[Sequence[Predicted]], metrics: Sequence[str], resamples: int = 2000
) -> dict[str, list[Difference]]:
    """Subtract the first of K groups from each, on samples that all share, simultaneously for all pairs.

    If the models are equal, they may change places within each sample: the range of their scores then says how far
    any two of them lie apart by chance. AUROC of two classes with enough samples by DeLong's covariance.

    Returns:
        metric -> K differences, the first to itself.
    """
    group, once = groups[0][0].group, np.ones((groups[0][0].scores.num_samples, 1))
    whole = [_mean(runs).at(once) for runs in groups]
    found = {}
    for metric in (name for name in metrics if all(name in one for one in whole)):
        values = np.array([float(one[metric][0]) for one in whole])
        found[metric] = against_best(values, _ranges(groups, metric, group, resamples))
        if all(runs[0].scores.contributions(metric) is not None for runs in groups) and len(groups) > 2:
            # Other models that are alike must not make two of them seem further apart than they are by themselves.
            for place in range(1, len(groups)):
                two = [groups[0], groups[place]]
                alone = against_best(values[[0, place]], _ranges(two, metric, group, resamples))[1]
                found[metric][place] = max(
                    found[metric][place], alone, key=lambda one: (one["p"], one["high"])
                )
    return found


def _ranges(
    groups: Sequence[Sequence[Predicted]], metric: str, group: NDArray[Any] | None, resamples: int
) -> NDArray[np.float64]:
    parts = [_mean(runs).contributions(metric) for runs in groups]
    if all(part is not None for part in parts):
        return sum_ranges(
            np.stack([part for part in parts if part is not None]), group=group, seed=BOOTSTRAP_SEED
        )
    firsts = [runs[0] for runs in groups]
    if metric == "auroc" and group is None and all(len(runs) == 1 and runs[0].positive for runs in groups):
        pairs = [one.positive for one in firsts if one.positive is not None]
        truth = pairs[0][0]
        if min(truth.sum(), (~truth).sum()) >= AREAS:
            return area_ranges(np.stack([score for _, score in pairs]), truth, seed=BOOTSTRAP_SEED)
    runs = min(map(len, groups))  # as many of each, so that they can change places
    # runs without quantiles share with the others what follows from their values alone
    shared = min(one.prediction.shape[-1] for each in groups for one in each)
    stacked = [
        firsts[0].rescored(np.concatenate([each[run].prediction[..., :shared] for each in groups]), metric)
        for run in range(runs)
    ]

    def measured(weights: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(np.mean([scores.at(weights)[metric] for scores in stacked], axis=0))

    number = max(100, resamples // (len(groups) * runs))
    num_samples = firsts[0].scores.num_samples
    return any_ranges(measured, len(groups), num_samples, group=group, shuffles=number, seed=BOOTSTRAP_SEED)


def compare_paired(
    best: Sequence[Predicted], other: Sequence[Predicted], overlap: float
) -> tuple[dict[str, Difference], int]:
    """Subtract one group from another on the samples that both were measured on.

    On one set of samples they are drawn again, as often as the runs draw theirs (the most of them), and the metrics
    averaged over the runs of each group; accuracy of one run against one is tested by McNemar, where no groups tie
    samples together. On several sets (folds, split seeds) each gives one difference, and these a t interval.

    Args:
        best: Runs of the group that is subtracted.
        other: Runs of the group that it is subtracted from.
        overlap: Evaluated samples per training sample, see `repeated_interval`.

    Returns:
        metric -> `difference`, `low`, `high`, `p`; and the number of sets of samples that both share.
    """
    shared = list(dict.fromkeys(one.samples for one in best if one.samples in {run.samples for run in other}))
    pairs = [
        ([one for one in best if one.samples == key], [one for one in other if one.samples == key])
        for key in shared
    ]
    if not pairs:
        return {}, 0
    if len(pairs) == 1:
        return _resampled(*pairs[0]), 1
    per_set = [_plain(first, second) for first, second in pairs]
    found = {}
    for name in per_set[0]:
        interval = repeated_interval([one.get(name, np.nan) for one in per_set], test_to_train=overlap)
        found[name] = {"difference": interval["mean"]} | {key: interval[key] for key in ("low", "high", "p")}
    return found, len(pairs)


def _resampled(best: Sequence[Predicted], other: Sequence[Predicted]) -> dict[str, Difference]:
    group, resamples = best[0].group, max(run.resamples for run in (*best, *other))
    found = paired_difference(
        _mean(best), _mean(other), group=group, resamples=resamples, seed=BOOTSTRAP_SEED
    )
    one_each = len(best) == len(other) == 1
    if one_each and group is None and best[0].correct is not None and other[0].correct is not None:
        found["accuracy"]["p"] = mcnemar(best[0].correct, other[0].correct)["p"]
    return found


def _plain(best: Sequence[Predicted], other: Sequence[Predicted]) -> dict[str, float]:
    ones = np.ones((best[0].scores.num_samples, 1))
    a, b = _mean(best).at(ones), _mean(other).at(ones)
    return {name: float(b[name][0] - a[name][0]) for name in a if name in b}


def _mean(runs: Sequence[Predicted]) -> MeanScores:
    return MeanScores([run.scores for run in runs])
