"""Predictions of two groups on the same samples -> differences of their metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.core.errors import UserError
from groundwork.core.predictions import read_predictions
from groundwork.evaluate.compare.finished import FinishedRun
from groundwork.evaluate.measure import BOOTSTRAP_SEED
from groundwork.metrics import (
    AREAS,
    Draws,
    Scores,
    against_best,
    any_ranges,
    area_ranges,
    mcnemar,
    paired_difference,
    repeated_interval,
    sum_ranges,
)
from groundwork.train.metrics import build_metrics

Difference = dict[str, float]


@dataclass(frozen=True)
class Predicted:
    """Hold what one run predicts on a split.

    Attributes:
        samples: Names the samples and their targets by content: equal for runs on the same ones.
        scores: Metrics, for any weighting of the samples in the order of their names.
        resamples: How often the run draws its samples again for an interval, `metrics.resamples`.
        correct: (N,) where a class was decided right; None for regression.
        group: (N,) group of each sample; None where there are none.
        prediction: (N, K) probabilities or (N, T) values.
        rescored: (prediction, metric) -> scores of that metric for the predictions of K models of the same samples,
            one model after another.
        positive: (N,) where the positive class is true, and (N,) its score; None where there is no single one.
    """

    samples: str
    scores: Scores
    resamples: int
    correct: NDArray[np.bool_] | None
    group: NDArray[Any] | None
    prediction: NDArray[np.floating]
    rescored: Callable[[NDArray[np.floating], str], Scores]
    positive: tuple[NDArray[np.bool_], NDArray[np.floating]] | None


class MeanScores:
    """Average the metrics of several runs on the same samples."""

    def __init__(self, scores: Sequence[Scores]):
        self.scores, self.num_samples = scores, scores[0].num_samples

    def at(self, weights: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
        """Evaluate every metric that all runs have at R weightings (N, R) of the samples, (R,) each."""
        first, *others = (scores.at(weights) for scores in self.scores)
        return {
            name: np.mean([value, *(other[name] for other in others)], axis=0)
            for name, value in first.items()
            if all(name in other for other in others)
        }

    def ends(self, value: Mapping[str, float], draws: Draws) -> dict[str, tuple[float, float]]:
        """Give no interval: a mean over runs has no formula."""
        return {}

    def remarks(self, draws: Draws) -> dict[str, dict[str, float]]:
        """Say nothing."""
        return {}

    def contributions(self, metric: str) -> NDArray[np.float64] | None:
        """Average what each sample adds to a metric in the runs."""
        parts = [part for each in self.scores if (part := each.contributions(metric)) is not None]
        return np.mean(parts, axis=0) if len(parts) == len(self.scores) else None


def read_predicted(run: FinishedRun, split: Split) -> Predicted:
    """Read the predictions that a run has written for a split.

    Raises:
        UserError: If the file is not there, or holds no predictions.
    """
    path = run.folder.predictions(split)
    if not path.is_file():
        raise UserError(f"{path} must be there, but is not. Restore it, or leave the run out of the glob.")
    classes = run.data["classes"]
    found = read_predictions(path, classes, run.data["targets"])
    if found is None or (classes and found.prob is None):
        raise UserError(
            f"{path} must hold targets and predictions, but does not. Restore it, or repeat the run."
        )
    found = found.take(np.argsort(found.sample_id))  # the order of the rows means nothing
    samples = sha256("\n".join(found.sample_id).encode() + found.target.tobytes()).hexdigest()
    metrics = build_metrics(run.folder.config, run.result.get("threshold"))
    prediction, target, names = found.measured, found.target, found.names
    correct = found.prediction == target if classes else None

    def rescored(other: NDArray[np.floating], metric: str) -> Scores:
        repeated = np.concatenate([target] * (len(other) // len(target)))
        return metrics.scores(other, repeated, names, only=metric)

    positive = None
    if len(classes) == 2 and found.prob is not None:
        named = getattr(metrics, "positive", None)
        chosen = 1 if named is None else [*classes].index(str(named))
        positive = target == chosen, found.prob[:, chosen]
    scores = metrics.scores(prediction, target, names)
    return Predicted(samples, scores, metrics.resamples, correct, found.group, prediction, rescored, positive)


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
