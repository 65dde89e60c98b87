"""Probabilities and labels -> metrics of several labels per sample; an unknown label counts nowhere."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.bootstrap import Ends
from groundwork.metrics.counts import Floats, average, ratio, undefined
from groundwork.metrics.draws import Draws
from groundwork.metrics.label_ends import Counted, label_ends
from groundwork.metrics.ranking import Ranking


class LabelScores:
    """Prepare T labels so that the metrics at any weighting of the samples are a few sums.

    Without a suffix a metric is macro: the mean over the labels that some sample has (auroc: and some has not), in
    which the precision of a label that is never called counts as 0. `_micro` joins all labels, `/<label>` is of one.
    `exact_match` is the share of samples with every known label right, `hamming_loss` the share of wrong labels,
    `log_loss` the mean over samples of what their known labels lose on average.

    Args:
        prob: (N, T) probabilities.
        target: (N, T) of 0 and 1, NaN where unknown.
        names: T labels.
        threshold: (T,) probability from which a sample has a label.
        ranked: Whether AUROC and average precision are wanted; they take most of the time.

    Raises:
        ValueError: If the shapes differ.
    """

    def __init__(
        self,
        prob: NDArray[np.floating],
        target: NDArray[np.floating],
        names: Sequence[str],
        threshold: NDArray[np.floating],
        ranked: bool = True,
    ):
        if prob.shape != target.shape or target.ndim != 2 or target.shape[1] != len(names):
            raise ValueError(
                f"prob and target must both be (N, T), but got {prob.shape}, {target.shape} and {len(names)} labels"
            )
        self.names, self.num_samples = tuple(names), len(target)
        self.finite, floor = bool(np.isfinite(prob).all()), float(np.finfo(prob.dtype).eps)
        clean = np.nan_to_num(prob.astype(np.float64))
        known, truth, called = ~np.isnan(target), target == 1, clean >= threshold
        called &= known
        own = np.clip(np.where(truth, clean, 1 - clean), floor, 1.0)
        some = known.any(axis=1)
        self.loss = ratio(np.where(known, -np.log(own), 0.0).sum(axis=1), known.sum(axis=1))
        self.loss, self.some = np.nan_to_num(self.loss), some.astype(float)
        self.exact = (some & ((called == truth) | ~known).all(axis=1)).astype(float)
        counts = [(called & truth).T, truth.T, called.T, known.T]
        self.rows = np.concatenate([*counts, [self.exact, self.some, self.loss]]).astype(np.float32)
        self.rankings, self.joint = [], None
        if ranked:
            whole = np.repeat(np.arange(self.num_samples)[:, None], len(names), axis=1)
            columns = zip(clean.T, truth.T, known.T, strict=True)
            self.rankings = [Ranking(p[k], t[k], np.flatnonzero(k), self.num_samples) for p, t, k in columns]
            self.joint = Ranking(clean[known], truth[known], whole[known], self.num_samples)

    def at(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        """Evaluate every metric at R weightings (N, R) of the samples, (R,) each, NaN where undefined."""
        counted, (exact, some, loss) = self.counted(weights)
        metrics = self._of_counts(counted)
        metrics["exact_match"], metrics["log_loss"] = ratio(exact, some), ratio(loss, some)
        if self.joint is not None:
            metrics |= self._ranked(weights)
        return metrics if self.finite else undefined(metrics)

    def counted(self, weights: NDArray[np.floating]) -> tuple[Counted, Floats]:
        """Sum per label what was hit, is true, was called and is known, (R, T) each; and the last three rows (3, R)."""
        number = len(self.names)
        sums = (self.rows.astype(weights.dtype) @ weights).astype(float)
        hit, truth, called, known = (sums[part * number : (part + 1) * number].T for part in range(4))
        return Counted(hit, truth, called, known), sums[4 * number :]

    def ends(self, value: Mapping[str, float], draws: Draws) -> dict[str, Ends]:
        """Give the interval of every metric, see `label_ends`."""
        if not self.finite or not self.num_samples:
            return dict.fromkeys(value, (np.nan, np.nan))
        return label_ends(self, value, draws)

    def remarks(self, draws: Draws) -> dict[str, dict[str, float]]:
        """Say nothing."""
        return {}

    def contributions(self, metric: str) -> Floats | None:
        """Give what each sample adds to exact match or log loss."""
        sums = {"exact_match": self.exact, "log_loss": self.loss}
        return sums[metric] / max(self.some.sum(), 1.0) if metric in sums else None

    def _of_counts(self, counted: Counted) -> dict[str, Floats]:
        hit, truth, called, known = counted
        per_label = {
            "precision": ratio(hit, called),
            "recall": ratio(hit, truth),
            "f1": ratio(2 * hit, truth + called),
        }
        present = truth > 0
        missed = np.where(present & (called == 0), 0.0, per_label["precision"])
        in_means = per_label | {"precision": missed}
        metrics = {name: average(value, present.astype(float)) for name, value in in_means.items()}
        hits, trues, calls = (each.sum(axis=-1) for each in (hit, truth, called))
        metrics |= {"precision_micro": ratio(hits, calls), "recall_micro": ratio(hits, trues)}
        metrics |= {"f1_micro": ratio(2 * hits, trues + calls)}
        metrics["hamming_loss"] = ratio(trues + calls - 2 * hits, known.sum(axis=-1))
        for name, value in per_label.items():
            metrics |= {f"{name}/{label}": value[..., t] for t, label in enumerate(self.names)}
        return metrics

    def _ranked(self, weights: NDArray[np.floating]) -> dict[str, Floats]:
        assert self.joint is not None
        pairs = np.array([ranking.at(weights) for ranking in self.rankings])  # (T, 2, R)
        metrics: dict[str, Floats] = {}
        for kind, name in enumerate(("auroc", "average_precision")):
            metrics[name] = average(pairs[:, kind].T, np.ones(pairs[:, kind].T.shape))
            metrics |= {f"{name}/{label}": pairs[t, kind] for t, label in enumerate(self.names)}
        metrics["auroc_micro"], metrics["average_precision_micro"] = self.joint.at(weights)
        return metrics
