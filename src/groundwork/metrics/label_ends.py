"""Counts and rankings of several labels -> the interval of every metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from groundwork.metrics.counts import NOTHING, Floats
from groundwork.metrics.draws import FEW_DRAWS, Draws, few_units, variance_of
from groundwork.metrics.mean import log_ratio_ends
from groundwork.metrics.share import (
    auroc_ends,
    auroc_variance,
    f1_ends,
    mover_ends,
    score_ends,
    share_ends,
    wilson,
)
from groundwork.metrics.strata import binomial_spread, f1_spread, worst_case_ends

Pair = tuple[float, float]
Spread = Callable[[Floats], Floats]


class Counted(NamedTuple):
    """Hold sums over samples for T labels, (R, T) each: hits, labels that are there, called, and known."""

    hit: Floats
    truth: Floats
    called: Floats
    known: Floats


def label_ends(scores: Any, value: Mapping[str, float], draws: Draws) -> dict[str, Pair]:
    """Bound every metric of `LabelScores` by its formula, with as many samples as the drawn variance leaves.

    A formula knows of one label, or of labels that are independent; labels of one sample are not. So where a metric
    over all labels varies more over drawn samples than its formula says, its number of samples shrinks in proportion.
    """
    return _Bounds(scores, value, draws).every()


class _Bounds:
    """Hold what the formulas need of one split."""

    def __init__(self, scores: Any, value: Mapping[str, float], draws: Draws):
        self.scores, self.value, self.draws = scores, value, draws
        once = np.ones((scores.num_samples, 1))
        self.counts = Counted(*(each[0] for each in scores.counted(once)[0]))
        parts = [scores.at(weights) for weights in draws.units.draw(FEW_DRAWS, draws.seed)]
        self.seen = {name: variance_of(np.concatenate([part[name] for part in parts])) for name in parts[0]}
        self.few = few_units(draws.units.num_units, draws.level)
        union = self.counts.truth + self.counts.called - self.counts.hit
        self.trials = {"precision": self.counts.called, "recall": self.counts.truth, "f1": union}

    def every(self) -> dict[str, Pair]:
        scores, value, level = self.scores, self.value, self.draws.level
        found = self._of_each()
        for name, trials in self.trials.items():
            spread = f1_spread if name == "f1" else binomial_spread
            found[name] = self._macro(name, trials, spread)
            hits, total = float(self.counts.hit.sum()), float(trials.sum())
            effect = self._effect(f"{name}_micro", spread(np.asarray(value[f"{name}_micro"])) / max(total, 1))
            ends = f1_ends if name == "f1" else share_ends
            found[f"{name}_micro"] = ends(hits / effect, total / effect, level).pair
        share, total = value["hamming_loss"], float(self.counts.known.sum())
        effect = self._effect("hamming_loss", binomial_spread(np.asarray(share)) / max(total, 1))
        found["hamming_loss"] = share_ends(share * total / effect, total / effect, level).pair
        share, total = value["exact_match"], float(scores.some.sum())
        effect = self.draws.effect("exact_match")
        found["exact_match"] = share_ends(share * total / effect, total / effect, level).pair
        found["log_loss"] = log_ratio_ends([(scores.loss, scores.some)], self.draws)[0]
        return found | self._ranked() if scores.joint is not None else found

    def _of_each(self) -> dict[str, Pair]:
        """Bound what is of one label alone."""
        found, level = {}, self.draws.level
        for place, label in enumerate(self.scores.names):
            for name, trials in self.trials.items():
                effect = self.draws.effect(f"{name}/{label}")
                ends = f1_ends if name == "f1" else share_ends
                bounds = ends(self.counts.hit[place] / effect, trials[place] / effect, level)
                found[f"{name}/{label}"] = bounds.pair
        return found

    def _macro(self, name: str, trials: Floats, spread: Spread) -> Pair:
        present = self.counts.truth > 0
        if not present.any():
            return NOTHING
        hit, number = self.counts.hit[present], np.maximum(trials[present], 1)
        share = 2 * hit / (trials[present] + hit) if name == "f1" else hit / number
        weight = np.full(len(hit), 1 / len(hit))
        labels = np.asarray(self.scores.names)[present].tolist()
        effect = self._effect(name, np.asarray((weight**2 * spread(share) / number).sum()), labels)
        return worst_case_ends(share, number, weight, spread, self.draws.level, effect).pair

    def _ranked(self) -> dict[str, Pair]:
        counts, value, level = self.counts, self.value, self.draws.level
        found = {}
        for place, label in enumerate(self.scores.names):
            area, precision = f"auroc/{label}", f"average_precision/{label}"
            positive, negative = counts.truth[place], counts.known[place] - counts.truth[place]
            effect = self.draws.effect(area)
            found[area] = auroc_ends(value[area], positive / effect, negative / effect, level).pair
            told = positive / self.draws.effect(precision)
            found[precision] = wilson(value[precision] * told, told, level).pair
        found["auroc"], found["average_precision"] = self._mean_area(), self._mean_precision()
        positive, negative = counts.truth.sum(), (counts.known - counts.truth).sum()
        together = value["auroc_micro"]
        effect = self._effect("auroc_micro", auroc_variance(np.asarray(together), positive, negative))
        found["auroc_micro"] = auroc_ends(together, positive / effect, negative / effect, level).pair
        joint = value["average_precision_micro"]
        said = joint * (1 - joint) / max(float(positive), 1)
        told = positive / self._effect("average_precision_micro", said)
        found["average_precision_micro"] = wilson(joint * told, told, level).pair
        return found

    def _mean_area(self) -> Pair:
        positive, negative = self.counts.truth, self.counts.known - self.counts.truth
        known = (positive > 0) & (negative > 0)
        m, n, number = positive[known], negative[known], max(int(known.sum()), 1)

        def variance(area: Floats) -> Floats:
            return np.asarray(effect * auroc_variance(np.asarray(area), m, n).sum() / number**2)

        labels = np.asarray(self.scores.names)[known].tolist()
        each = np.array([self.value[f"auroc/{label}"] for label in labels])
        effect = self._effect("auroc", auroc_variance(each, m, n).sum() / number**2, labels)
        return score_ends(np.asarray(self.value["auroc"]), variance, self.draws.level).pair

    def _mean_precision(self) -> Pair:
        labels = np.asarray(self.scores.names)[self.counts.truth > 0]
        each = np.array([self.value[f"average_precision/{label}"] for label in labels])
        positive = self.counts.truth[self.counts.truth > 0]
        if not len(each):
            return NOTHING
        said = (each * (1 - each) / positive).sum() / len(each) ** 2
        effect = self._effect("average_precision", said, labels.tolist())
        return mover_ends(each, wilson(each * positive, positive, self.draws.level), effect).pair

    def _effect(self, name: str, said: Floats | float, labels: Sequence[str] = ()) -> float:
        """Say how many samples tell as much as one that the formula counts: at least 1, and what groups cost.

        Args:
            name: Of the metric.
            said: Its variance by the formula.
            labels: That it is the mean of. How they depend on each other is drawn; how each varies, which draws of
                a few positives do not show, is as the formula says.
        """
        seen, said = self.seen[name], float(said)
        if not (said > 0 and np.isfinite(seen)):
            return max(1.0, self.draws.effect(name))
        alone = np.nansum([self.seen[f"{name}/{label}"] for label in labels]) / max(len(labels), 1) ** 2
        between = 1 + max(seen - alone, 0.0) / said if len(labels) else 1.0
        return max(between, seen / said, 1.0) * self.few
