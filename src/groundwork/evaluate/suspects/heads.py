"""Features of a frozen network and labels -> the cut and the penalty of a linear head, and what it says out of fold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from groundwork.core.console import Console
from groundwork.evaluate.suspects.confident import Labels, Probs
from groundwork.evaluate.suspects.planted import RATE, plant
from groundwork.train.frozen.features import StageFeatures
from groundwork.transfer import (
    OutOfFold,
    candidates,
    head_loss,
    past_the_best,
    solve_head,
)
from groundwork.transfer.candidates import Candidate
from groundwork.transfer.spectrum import Linear

SEED = 1_000  # of planted labels, others than those that measure the ranking
TOLERANCE = 1e-3  # ten times that of a head which is kept: only the order of the margins counts
ENOUGH = 500  # rows that judge a cut or a penalty: many classes make softmax heads slow


class Head(NamedTuple):
    """Name a head: what it reads, and the strength of its penalty."""

    candidate: Candidate
    strength: float


@dataclass(frozen=True)
class Heads:
    """Solve linear heads on features of train and val, each fold judged by a head that did not see it.

    Attributes:
        features: Of a frozen network; N rows, train first.
        fold: (N,)
        num_classes: K.
        device: Where heads are solved.
    """

    features: StageFeatures
    fold: NDArray[np.int64]
    num_classes: int
    device: torch.device

    def choose(
        self, labels: Labels, pool: str, cut: Any, strengths: Sequence[float], console: Console
    ) -> Head:
        """Choose the cut and its pool by least squares, which are solved at once, then the penalty by the log loss.

        As many folds judge as hold `ENOUGH` rows. Heads whose penalty is judged learn from planted wrong labels:
        one that suits right labels alone is too weak to resist wrong ones, and by far the slowest to solve.
        """
        target, judges = torch.from_numpy(labels), self._judges()
        with console.progress("choosing the features of the linear heads"):
            best = self._best(candidates(pool, cut, self.features.spatial), target, judges, strengths)
        losses: dict[float, float] = {}
        wrong = torch.from_numpy(plant(labels, self.num_classes, RATE, SEED)[0])
        for attempt in self._attempts(wrong, judges, strengths)(best):
            losses[attempt.strength] = head_loss(attempt.output, target[judges])
            if past_the_best(list(losses.values())):  # weaker penalties are the slowest to solve
                break
        return Head(best, min(losses, key=lambda strength: losses[strength]))

    def _best(
        self,
        options: Sequence[Candidate],
        target: Tensor,
        judges: NDArray[np.int64],
        strengths: Sequence[float],
    ) -> Candidate:
        values = one_hot(target, self.num_classes).float()

        @cache
        def error(option: Candidate) -> float:
            return min(head_loss(each.output, values[judges]) for each in attempts(option))

        attempts = self._attempts(values, judges, strengths)
        best = min((each for each in options if each.pool == options[0].pool), key=error)
        return min((each for each in options if each.stages == best.stages), key=error)

    def predict(self, labels: Labels, head: Head) -> Probs:
        """Give (N, K) probabilities out of fold by heads that learn from these labels (N,)."""
        every = np.arange(len(labels))
        (attempt,) = self._attempts(torch.from_numpy(labels), every, [head.strength])(head.candidate)
        return np.asarray(attempt.output.softmax(dim=1).numpy(), np.float64)

    def _attempts(self, target: Tensor, judging: NDArray[np.int64], strengths: Sequence[float]) -> OutOfFold:
        """Solve for classes (N,) by softmax, for values (N, K) by least squares."""
        stages, spatial, number = self.features.both(), self.features.spatial, len(self.fold)
        return OutOfFold(stages, spatial, target, self.fold, judging, number, strengths, self._solve)

    def _judges(self) -> NDArray[np.int64]:
        """Give the rows of the first folds that hold enough, or of all."""
        sizes = np.bincount(self.fold).cumsum()
        few = int(np.searchsorted(sizes, ENOUGH)) + 1
        return np.flatnonzero(self.fold < few)

    def _solve(self, inputs: Tensor, target: Tensor, strengths: Sequence[float]) -> Iterable[Linear]:
        given = inputs.to(self.device), target.to(self.device)
        for head in solve_head(*given, self.num_classes, strengths, tolerance=TOLERANCE):
            yield Linear(head.weight.cpu(), head.bias.cpu())
