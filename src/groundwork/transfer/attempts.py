"""Candidates -> heads at one strength after the other, and what they say of samples that they did not learn from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.transfer.candidates import Candidate, Stages, gather
from groundwork.transfer.spectrum import Linear

Solve = Callable[[Tensor, Tensor, Sequence[float]], Iterable[Linear]]


class Attempt(NamedTuple):
    """Hold what a candidate gives at one strength.

    Attributes:
        strength: Of the penalty.
        num_features: That the head reads.
        output: Of the rows that judge, (M, K).
        head: Gives the head on the training rows.
    """

    strength: float
    num_features: int
    output: Tensor
    head: Callable[[], Linear]


Attempts = Callable[[Candidate], Iterable[Attempt]]


@dataclass(frozen=True)
class HeldOut:
    """Solve heads on training rows at one strength after the other, and let rows apart from them judge.

    Args:
        train: Per stage (N, D_s) features as `StageReader` gives them.
        val: The same for the samples that judge.
        spatial: Which stages are maps.
        target: (N,) or (N, T), of the training rows.
        strengths: Penalties to try, in any order; the strongest comes first.
        solve: Features (N, D), targets and strengths -> one head each, the next one solved when it is asked for.
    """

    train: Stages
    val: Stages
    spatial: Sequence[bool]
    target: Tensor
    strengths: Sequence[float]
    solve: Solve

    def __call__(self, candidate: Candidate) -> Iterator[Attempt]:
        """Give the outputs of (M,) judging rows at each strength."""
        features = gather(self.train, candidate, self.spatial)
        judged = gather(self.val, candidate, self.spatial)
        order = sorted(self.strengths, reverse=True)
        for strength, head in zip(order, self.solve(features, self.target, order), strict=False):
            yield Attempt(strength, features.shape[1], head(judged), partial(_same, head))


@dataclass(frozen=True)
class OutOfFold:
    """Solve heads on all folds but one, for each in turn, and let that one judge: every sample judges once.

    Args:
        stages: Per stage (R, D_s) features, of training rows first.
        spatial: Which stages are maps.
        target: (R,) or (R, T).
        fold: (R,) which fold a row is in; views of one sample are in one.
        judging: (M,) rows that judge.
        num_train: How many of the first rows the head of the end learns from.
        strengths: Penalties to try, in any order; the strongest comes first.
        solve: See `HeldOut`.
    """

    stages: Stages
    spatial: Sequence[bool]
    target: Tensor
    fold: NDArray[np.int64]
    judging: NDArray[np.int64]
    num_train: int
    strengths: Sequence[float]
    solve: Solve

    def __call__(self, candidate: Candidate) -> Iterator[Attempt]:
        """Give the outputs of (M,) judging rows at each strength."""
        features = gather(self.stages, candidate, self.spatial)
        order = sorted(self.strengths, reverse=True)
        judges = torch.from_numpy(self.fold[self.judging])
        numbers = np.unique(self.fold[self.judging])
        solved = []
        for number in numbers:
            learned = torch.from_numpy(self.fold != number)
            solved.append(self.solve(features[learned], self.target[learned], order))
        for strength, heads in zip(order, zip(*solved, strict=True), strict=False):
            output = features.new_empty(len(judges), len(heads[0].bias))
            for number, head in zip(numbers, heads, strict=True):
                output[judges == number] = head(features[self.judging[self.fold[self.judging] == number]])
            # Not the features themselves: attempts of all candidates are kept until one is chosen.
            yield Attempt(strength, features.shape[1], output, partial(self._on_train, candidate, strength))

    def read(self, candidate: Candidate, rows: NDArray[np.int64]) -> Tensor:
        """Give the columns (M, D) of some rows (M,) that a candidate reads."""
        return gather([stage[rows] for stage in self.stages], candidate, self.spatial)

    def _on_train(self, candidate: Candidate, strength: float) -> Linear:
        features = gather([stage[: self.num_train] for stage in self.stages], candidate, self.spatial)
        (head,) = self.solve(features, self.target[: self.num_train], [strength])
        return head


def _same(head: Linear) -> Linear:
    return head
