"""A finished run and a split -> its predictions, ready to be measured for any weighting of the samples."""

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
from groundwork.metrics import Draws, Scores
from groundwork.train.metrics import build_metrics


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
