"""The metrics of a task as one object that a config can name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groundwork.core.directions import LESS_IS_BETTER, MORE_IS_BETTER, Direction, bare_name, named_direction
from groundwork.core.errors import UserError
from groundwork.metrics.bootstrap import Scores, at_once, bootstrap
from groundwork.metrics.classification import ClassificationScores
from groundwork.metrics.decision import decide
from groundwork.metrics.extra import ExtraScores
from groundwork.metrics.ordinal import OrdinalScores
from groundwork.metrics.threshold import choose_threshold

if TYPE_CHECKING:
    from torchmetrics import Metric

RANKED = {"auroc", "average_precision"}

Predictions = NDArray[np.floating]  # (N, K) probabilities, or (N, T) values in original units
Targets = NDArray[np.generic]  # (N,) class numbers, or (N, T) values in original units


@dataclass(frozen=True)
class Metrics(ABC):
    """Measure predictions by the metrics of a task, and by those of torchmetrics that `extra` names."""

    monitor: str
    resamples: int
    extra: Mapping[str, Metric]

    @abstractmethod
    def _base(self, prediction: Predictions, target: Targets, names: Sequence[str], ranked: bool) -> Scores:
        """Prepare the metrics of the task; where not `ranked`, without those that need an order of all samples."""

    def scores(
        self, prediction: Predictions, target: Targets, names: Sequence[str], only: str | None = None
    ) -> Scores:
        """Prepare the metrics of one split, or one metric only, for any weighting of its samples."""
        base = self._base(prediction, target, names, ranked=only is None or _bare(only) in RANKED)
        extra = {name: one for name, one in self.extra.items() if only is None or name == only.split("/")[0]}
        if not extra:
            return base
        points = self.points(prediction, names)
        return ExtraScores(base, extra, points, target, names, self._positive(names))

    def _positive(self, names: Sequence[str]) -> int | None:
        """Number the positive class; None where there is none."""
        return None

    def for_loss(self, loss: Mapping[str, Any]) -> Self:
        """Add what a loss brings, see `conf/loss/`."""
        return self

    def points(self, prediction: Predictions, names: Sequence[str]) -> Predictions:
        """Give what metrics of torchmetrics read."""
        return prediction

    def __call__(self, prediction: Predictions, target: Targets, names: Sequence[str]) -> dict[str, float]:
        """Compute every metric over a whole split; NaN means undefined.

        Args:
            prediction: (N, K) probabilities or (N, T) values in original units.
            target: (N,) class numbers or (N, T) values in original units.
            names: K classes or T targets.
        """
        return at_once(self.scores(prediction, target, names))

    def one(self, metric: str, prediction: Predictions, target: Targets, names: Sequence[str]) -> float:
        """Compute one metric, sparing what it does not need: for loops that choose by it."""
        return float(self.resampled(metric, prediction, target, names, np.ones((len(target), 1)))[0])

    def resampled(
        self,
        metric: str,
        prediction: Predictions,
        target: Targets,
        names: Sequence[str],
        weights: NDArray[np.floating],
    ) -> NDArray[np.floating]:
        """Compute one metric (R,) for each of R draws in which a sample occurs so many times, `weights` (N, R)."""
        return self.scores(prediction, target, names, only=metric).at(weights)[metric]

    def intervals(
        self,
        prediction: Predictions,
        target: Targets,
        names: Sequence[str],
        *,
        group: Sequence[str] | None,
        seed: int,
    ) -> dict[str, dict[str, float]]:
        """Compute every metric as `value` with its 95 % interval `low` to `high`, see `bootstrap`."""
        scores = self.scores(prediction, target, names)
        return bootstrap(scores, group=group, resamples=self.resamples, seed=seed)

    def direction(self, metric: str) -> Direction:
        """Say whether "max" or "min" of a metric is best.

        Args:
            metric: Its name; `val/` before and `/<class>` after it do not matter.

        Raises:
            UserError: If there is no such metric.
        """
        found = self._direction(bare_name(metric))
        if found is None:
            known = ", ".join(sorted(LESS_IS_BETTER | MORE_IS_BETTER | set(self.extra)))
            raise UserError(f"monitor must be a metric, but got {metric!r}. Choose one of: {known}.")
        return found

    def directions(self, metrics: Iterable[str]) -> dict[str, Direction]:
        """Say of some metrics which way each is better, by their names without class or target."""
        names = dict.fromkeys(map(bare_name, metrics))
        return {name: found for name in names if (found := self._direction(name)) is not None}

    def _direction(self, name: str) -> Direction | None:
        if name in self.extra:
            return "min" if self.extra[name].higher_is_better is False else "max"
        return named_direction(name)


def _bare(metric: str) -> str:
    return metric.split("/")[0].removesuffix("_micro")


@dataclass(frozen=True)
class ClassificationMetrics(Metrics):
    """Measure probabilities (N, K) against class numbers (N,).

    Args:
        monitor: Metric that picks the checkpoint, where the task names none.
        resamples: Number of bootstrap resamples behind each interval.
        extra: name -> torchmetrics metric, updated once with the whole split.
        top_k: Each k below the number of classes gives `top_<k>_accuracy`.
        positive: Positive class of a problem with two classes; None averages over both.
        threshold: Decide for the positive class from this probability on; None takes the most probable class,
            and so does "auto" until `choose` has found one.
        ordered: Whether the classes have an order, which brings the metrics of `OrdinalScores`.
    """

    top_k: Sequence[int]
    positive: str | None
    threshold: float | Literal["auto"] | None
    ordered: bool = False

    def __post_init__(self) -> None:
        """Refuse a threshold that is no probability."""
        given = self.threshold
        if given in (None, "auto") or (isinstance(given, int | float) and 0 <= given <= 1):
            return
        raise UserError(f"metrics.threshold must be null, auto or in [0, 1], but got {given!r}. Change it.")

    def choose(
        self, prediction: Predictions, target: Targets, names: Sequence[str], monitor: str
    ) -> tuple[ClassificationMetrics, str]:
        """Choose the threshold on val; the metrics with it, and the metric that it makes largest.

        Args:
            monitor: The criterion, if it follows from decisions and more of it is better; else balanced accuracy.
        """
        positive = self._positive(names)
        metric = monitor.removeprefix("val/")
        counted = metric in MORE_IS_BETTER - RANKED
        criterion = metric if counted else "balanced_accuracy"
        found = choose_threshold(prediction, target.astype(np.int64), positive=positive, criterion=criterion)
        return replace(self, threshold=found), criterion

    def for_loss(self, loss: Mapping[str, Any]) -> Self:
        """Know whether the classes have an order."""
        return replace(self, ordered=True) if loss.get("name") == "ordinal" else self

    def decide(self, prediction: Predictions, names: Sequence[str]) -> NDArray[np.int64]:
        """Turn probabilities (N, K) into class numbers (N,), by the threshold where there is one."""
        return decide(prediction, self._positive(names), self._number)

    @property
    def _number(self) -> float | None:
        return None if self.threshold == "auto" else self.threshold

    def _positive(self, names: Sequence[str]) -> int | None:
        # A positive class names one side of two; with more classes there is no "negative" to speak of.
        return None if self.positive is None or len(names) != 2 else [*names].index(str(self.positive))

    def _base(self, prediction: Predictions, target: Targets, names: Sequence[str], ranked: bool) -> Scores:
        scores = ClassificationScores(
            prediction,
            target.astype(np.int64),
            names,
            top_k=self.top_k,
            positive=None if self.positive is None else str(self.positive),
            threshold=self._number,
            ranked=ranked,
        )
        return OrdinalScores(scores) if self.ordered else scores
