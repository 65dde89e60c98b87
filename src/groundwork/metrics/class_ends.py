"""Counts of decisions -> the interval of every metric of classification that has a formula."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics.counts import NOTHING, Floats, ratio
from groundwork.metrics.share import Ends, f1_ends, reversed_ends, share_ends
from groundwork.metrics.strata import binomial_spread, f1_spread, mean_share_ends, worst_case_ends

Pair = tuple[float, float]
Effect = Callable[[str], float]
SPARSE = 5  # samples per class on average below which how classes depend on each other can't be seen


@dataclass(frozen=True)
class Decided:
    """Hold who was decided to be what.

    Attributes:
        target: (N,) class numbers.
        decision: (N,) class numbers.
        classes: K names.
        positive: Number of the positive class; None averages over the classes.
        value: Every metric of the whole split.
        level: Confidence, in (0, 1).
        effect: Metric -> how many samples of groups tell as much as one alone; 1 without groups.
    """

    target: NDArray[np.int64]
    decision: NDArray[np.int64]
    classes: Sequence[str]
    positive: int | None
    value: Mapping[str, float]
    level: float
    effect: Effect

    def ends(self) -> dict[str, Pair]:
        """Give metric -> low, high. An absent class is undefined, and no mean counts it."""
        total = float(len(self.target))
        hits = float((self.target == self.decision).sum())
        found = {"accuracy": share_ends(*self._shrunk("accuracy", hits, total), self.level).pair}
        found |= {f"{name}_micro": found["accuracy"] for name in ("recall", "precision", "f1")}
        found["recall_weighted"] = found["accuracy"]
        for name, of_class in self._per_class().items():
            found |= {f"{name}/{label}": pair for label, pair in zip(self.classes, of_class, strict=True)}
            if self.positive is not None:
                found[name] = of_class[self.positive]
        suffix = "" if self.positive is None else "_macro"
        found["balanced_accuracy"] = self._mean_recall("balanced_accuracy")
        for name in ("recall", "specificity", "fpr", "precision", "f1"):
            found[f"{name}{suffix}"] = self._macro(name, f"{name}{suffix}")
        present = self._truth > 0
        for name in ("precision", "f1"):
            weight = self._truth[present] / max(total, 1)
            found[f"{name}_weighted"] = self._mean_of(name, f"{name}_weighted", weight)
        return found

    @property
    def _truth(self) -> Floats:
        return np.bincount(self.target, minlength=len(self.classes)).astype(float)

    @property
    def _called(self) -> Floats:
        return np.bincount(self.decision, minlength=len(self.classes)).astype(float)

    @property
    def _hits(self) -> Floats:
        hit = self.target[self.target == self.decision]
        return np.bincount(hit, minlength=len(self.classes)).astype(float)

    def _shrunk(self, metric: str, hits: float, trials: float) -> tuple[float, float]:
        effect = self.effect(metric)
        return hits / effect, trials / effect

    def _per_class(self) -> dict[str, list[Pair]]:
        hits, truth, called = self._hits, self._truth, self._called
        rest = truth.sum() - truth
        shares = {
            "recall": (share_ends, hits, truth),
            "precision": (share_ends, hits, called),
            "f1": (f1_ends, hits, truth + called - hits),
            "specificity": (share_ends, rest - (called - hits), rest),
            "fpr": (share_ends, called - hits, rest),
        }
        found = {}
        for name, (bound, top, bottom) in shares.items():
            effect = np.array([self.effect(f"{name}/{label}") for label in self.classes])
            low, high = bound(top / effect, bottom / effect, self.level)
            found[name] = list(zip(low.tolist(), high.tolist(), strict=True))
        return found

    def _mean_recall(self, metric: str) -> Pair:
        present = self._truth > 0
        if not present.any():
            return NOTHING
        truth = self._truth[present]
        return mean_share_ends(self._hits[present] / truth, truth / self.effect(metric), self.level).pair

    def _macro(self, name: str, metric: str) -> Pair:
        present = self._truth > 0
        if name == "recall":
            return self._mean_recall(metric)
        if name in ("specificity", "fpr"):
            ends = self._false_alarms(metric)
            return (ends if name == "fpr" else reversed_ends(ends)).pair
        number = int(present.sum())
        return self._mean_of(name, metric, np.full(number, 1 / max(number, 1)))

    def _mean_of(self, name: str, metric: str, weight: Floats) -> Pair:
        """Bound a mean of precision or F1 over the classes that are present; never called counts as precision 0."""
        present = self._truth > 0
        if not present.any():
            return NOTHING
        hits, truth, called = (each[present] for each in (self._hits, self._truth, self._called))
        effect = self.effect(metric)
        if name == "precision":
            trials = np.maximum(called, 1)
            return worst_case_ends(hits / trials, trials / effect, weight, binomial_spread, self.level).pair
        union = truth + called - hits
        inflate = self._dependence(weight)
        f1 = 2 * hits / (truth + called)
        return worst_case_ends(f1, union / effect, weight, f1_spread, self.level, inflate).pair

    def _dependence(self, weight: Floats) -> float:
        """Say how much more a mean F1 varies than if its classes were independent: each mistake harms two of them."""
        everywhere = np.zeros(len(self.classes))
        everywhere[self._truth > 0] = weight
        both = self._truth + self._called
        hit = self.target == self.decision
        f1 = np.nan_to_num(ratio(2 * self._hits, both))
        share = np.nan_to_num(ratio(everywhere * f1, both))
        gain = np.nan_to_num(ratio(2 * everywhere, both))
        moved = gain[self.target] * hit - share[self.target] - share[self.decision]
        mean = ratio(np.bincount(self.target, moved, minlength=len(self.classes)).astype(float), self._truth)
        joint = float(((moved - mean[self.target]) ** 2).sum())
        alone = float((everywhere**2 * np.nan_to_num(ratio(f1_spread(f1), both - self._hits))).sum())
        found = joint / alone if alone > 0 else 1.0
        if len(self.target) < SPARSE * len(weight):
            found = max(found, 2 / (1 + float((~hit).mean())))
        return float(np.clip(found, 1.0, 2.0))

    def _false_alarms(self, metric: str) -> Ends:
        """Bound the mean fpr: sum_i a_i over the mistakes i, a_i = 1 / (K (N - n_j)) of the class j that was called.

        The ends are moved from those of the number of mistakes, in the ratio of the deviations.

        Source:
            Dobson et al., Statistics in Medicine 1991.
        """
        truth, total = self._truth, float(len(self.target))
        present = truth > 0
        if present.sum() == 2 and len(truth) == 2:
            return reversed_ends(Ends(*map(np.asarray, self._mean_recall(metric))))
        share = np.where(
            present, np.nan_to_num(ratio(np.ones_like(truth), present.sum() * (total - truth))), 0
        )
        wrong = self.decision[self.decision != self.target]
        number, value = float(len(wrong)), float(share[wrong].sum())
        low, high = share_ends(*self._shrunk(metric, number, total), self.level)
        scale = np.sqrt((share[wrong] ** 2).sum() / number) if number else share.max(initial=0.0)
        ends = (value + scale * (end * total - number) for end in (low, high))
        return Ends(*(np.clip(end, 0.0, 1.0) for end in ends)) if value == value else Ends(low, high)
