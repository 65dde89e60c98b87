"""Probabilities and labels -> metrics of classification."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groundwork.metrics.bootstrap import Ends, at_once
from groundwork.metrics.calibration import chance_band, without_chance
from groundwork.metrics.class_ends import Decided
from groundwork.metrics.counts import Floats, count_metrics, defined_mean, ratio, undefined
from groundwork.metrics.decision import decide, true_class_rank
from groundwork.metrics.draws import Draws
from groundwork.metrics.mean import log_ratio_ends
from groundwork.metrics.ranked_ends import ranked_ends
from groundwork.metrics.ranking import Ranking
from groundwork.metrics.share import share_ends

NUM_BINS = 15  # of the calibration error, equal in width (Guo et al., ICML 2017, arXiv:1706.04599)


def classification_metrics(
    prob: NDArray[np.floating],
    target: NDArray[np.integer],
    classes: Sequence[str],
    *,
    top_k: Sequence[int] = (5,),
    positive: str | None = None,
    threshold: float | None = None,
) -> dict[str, float]:
    """Compute every metric of classification over a whole split; NaN means undefined.

    See `ClassificationScores` for the arguments and `count_metrics` for what is averaged how.
    """
    return at_once(
        ClassificationScores(prob, target, classes, top_k=top_k, positive=positive, threshold=threshold)
    )


class ClassificationScores:
    """Prepare what the metrics need of each sample, so that any weighting of the samples is a few sums.

    Args:
        prob: (N, K) probabilities, each row sums to 1.
        target: (N,) class numbers in [0, K).
        classes: K names.
        top_k: Each k < K gives `top_<k>_accuracy`.
        positive: Name of the positive class of a problem with two classes: precision, recall, f1,
            specificity, fpr, auroc and average_precision are then those of this class.
        threshold: Decide for the positive class from this probability on; None takes the largest.
        ranked: Whether AUROC and average precision are wanted; they take most of the time.

    Raises:
        ValueError: If the shapes differ, a class number is out of range or `positive` is no class.
    """

    def __init__(
        self,
        prob: NDArray[np.floating],
        target: NDArray[np.integer],
        classes: Sequence[str],
        *,
        top_k: Sequence[int],
        positive: str | None,
        threshold: float | None,
        ranked: bool = True,
    ):
        _check(prob, target, classes, positive)
        self.classes = tuple(classes)
        # A positive class names one side of two; with more classes there is no "negative" to speak of.
        self.positive = self.classes.index(positive) if positive and len(self.classes) == 2 else None
        self.top_k = [k for k in top_k if k < len(self.classes)]
        self.num_samples = len(target)
        self.finite = bool(np.isfinite(prob).all())
        floor = np.finfo(prob.dtype).eps
        clean = np.nan_to_num(prob.astype(np.float64))
        decision = decide(clean, self.positive, threshold)
        self.target, self.decision = np.asarray(target, np.int64), decision
        self.sums = self._additive(clean, self.target, decision, float(floor))
        scored = range(len(self.classes)) if self.positive is None else [self.positive]
        self.rankings = [Ranking(clean[:, k], target == k) for k in scored] if ranked else []

    def _additive(
        self, prob: Floats, target: NDArray[np.int64], decision: NDArray[np.int64], floor: float
    ) -> csr_array:
        """Stack the rows (M, N) whose weighted sums are all that the metrics but the rankings need."""
        num_classes, hit = len(self.classes), decision == target
        confidence = np.take_along_axis(prob, decision[:, None], axis=1)[:, 0]
        edges = np.linspace(0.0, 1.0, NUM_BINS + 1)
        bins = np.clip(np.searchsorted(edges, confidence) - 1, 0, NUM_BINS - 1)  # (low, high]
        self.bins, self.confidence = bins, confidence
        rank = true_class_rank(prob, target)
        own = np.take_along_axis(prob, target[:, None], axis=1)[:, 0]
        self.surprise = -np.log(np.clip(own, floor, 1.0))
        single = [self.surprise, *(rank < k for k in self.top_k)]
        first, once = np.zeros_like(target), np.ones(len(target))
        parts = [
            (target, hit, num_classes),
            (target, once, num_classes),
            (decision, once, num_classes),
            (bins, once, NUM_BINS),
            (bins, confidence, NUM_BINS),
            (bins, hit, NUM_BINS),
            *((first, row, 1) for row in single),
        ]
        return _by_row(parts)

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings.

        Args:
            weights: (N, R) how often each sample counts.

        Returns:
            (R,) per metric, NaN where undefined; all NaN if a probability is not finite.
        """
        k, total = len(self.classes), weights.sum(axis=0, dtype=float)
        sums = self.sums.astype(weights.dtype) @ weights
        hit, truth, predicted = (sums[part * k : (part + 1) * k].T.astype(float) for part in range(3))
        metrics = count_metrics(hit, truth, predicted, self.classes, self.positive)
        if self.rankings:
            metrics |= self._ranked(weights, truth > 0)
        count, confidence, right, single = np.split(sums[3 * k :].astype(float), np.arange(1, 4) * NUM_BINS)
        metrics["ece"] = ratio(np.abs(confidence - right).sum(axis=0), total)
        metrics["ece_debiased"] = np.where(total > 0, without_chance(count, confidence, right), np.nan)
        metrics["log_loss"] = ratio(single[0], total)
        metrics |= {
            f"top_{k}_accuracy": ratio(row, total) for k, row in zip(self.top_k, single[1:], strict=True)
        }
        return metrics if self.finite else undefined(metrics)

    def ends(self, value: Mapping[str, float], draws: Draws) -> dict[str, Ends]:
        """Give the interval of every metric by the method that fits it; truth is that of these class counts.

        The calibration error has none: `chance` holds what a calibrated model would show instead.
        """
        if not self.finite or not self.num_samples:
            return dict.fromkeys(value, (np.nan, np.nan))
        level, total = draws.level, float(self.num_samples)
        decided = Decided(self.target, self.decision, self.classes, self.positive, value, level, draws.effect)
        found = decided.ends() | dict.fromkeys(("ece", "ece_debiased"), (np.nan, np.nan))
        for k in self.top_k:
            name = f"top_{k}_accuracy"
            effect = draws.effect(name)
            found[name] = share_ends(value[name] * total / effect, total / effect, level).pair
        found["log_loss"] = log_ratio_ends([(self.surprise, np.ones(self.num_samples))], draws)[0]
        if self.rankings:
            truth = np.bincount(self.target, minlength=len(self.classes)).astype(float)
            found |= ranked_ends(
                self.rankings, truth if self.positive is None else truth[[self.positive]], draws
            )
        return found

    def remarks(self, draws: Draws) -> dict[str, dict[str, float]]:
        """Tell between which `ece` a calibrated model would be seen on these confidences."""
        low, high = chance_band(self.bins, self.confidence, NUM_BINS, draws.level, draws.seed)
        return {"ece": {"chance_low": low, "chance_high": high}}

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample adds to accuracy, recalls, specificity of the positive class or log loss."""
        hit = (self.decision == self.target).astype(float)
        truth = np.bincount(self.target, minlength=len(self.classes)).astype(float)
        if metric == "accuracy":
            return np.asarray(hit / self.num_samples)
        if metric == "log_loss":
            return self.surprise / self.num_samples
        if metric == "balanced_accuracy" or (metric == "recall" and self.positive is None):
            return np.asarray(hit / truth[self.target] / np.count_nonzero(truth))
        if (
            metric in ("recall", "specificity")
            and self.positive is not None
            and 0 < truth[self.positive] < truth.sum()
        ):
            side = (self.target == self.positive) == (metric == "recall")
            return np.asarray(hit * side / side.sum())
        return None

    def _ranked(self, weights: NDArray[np.floating], present: NDArray[np.bool_]) -> dict[str, Floats]:
        pairs = np.array([ranking.at(weights) for ranking in self.rankings])  # (K or 1, 2, R)
        if self.positive is not None:
            return {"auroc": pairs[0, 0], "average_precision": pairs[0, 1]}
        auroc, precision = (defined_mean(np.where(present.T, pairs[:, kind], np.nan)) for kind in range(2))
        return {"auroc": auroc, "average_precision": precision}


def _by_row(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.generic], int]]) -> csr_array:
    """Place the value (N,) of sample n at (row[n], n) of each part, and the parts, of so many rows, below each other.

    All at once: thousands of scores are prepared for one split, and a matrix for each part takes several times as long.
    """
    rows, values, heights = zip(*parts, strict=True)
    starts = np.cumsum((0, *heights))
    placed = np.concatenate([row + start for row, start in zip(rows, starts[:-1], strict=True)])
    sample = np.tile(np.arange(len(rows[0])), len(parts))
    shape = int(starts[-1]), len(rows[0])
    return csr_array((np.concatenate(values, dtype=float), (placed, sample)), shape=shape)


def _check(
    prob: NDArray[np.floating], target: NDArray[np.integer], classes: Sequence[str], positive: str | None
) -> None:
    if prob.shape != (len(target), len(classes)) or target.ndim != 1:
        raise ValueError(
            f"prob must be (N, K) and target (N,), but got {prob.shape}, {target.shape}"
            f" and {len(classes)} classes"
        )
    if len(target) and not 0 <= target.min() <= target.max() < len(classes):
        raise ValueError(f"target must be in [0, {len(classes)}), but spans {target.min()} to {target.max()}")
    if positive is not None and positive not in classes:
        raise ValueError(f"positive must be one of {list(classes)}, but got {positive!r}")
