"""Cached features -> what they say about the size and the similarity of a data set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.transfer.candidates import Candidate, gather
from groundwork.transfer.choose import Choice, Score, Trial
from groundwork.transfer.logme import logme
from groundwork.transfer.solve import solve_head

# Halvings of the training rows in a learning curve, and how often each size is drawn anew.
HALVINGS = 4
DRAWS = 3
# LogME needs a decomposition per stage; a few thousand rows settle it to two digits.
LOGME_ROWS = 4000


@dataclass(frozen=True)
class Probe:
    """Hold what linear probes of a frozen network are fitted to and judged by.

    Attributes:
        train: Per stage (N, D_s) features of the training rows, as they are stored.
        val: The same of the rows that judge.
        spatial: Which stages are maps.
        target: (N,) class numbers, or (N, T) scaled values.
        num_outputs: K or T.
        strengths: Penalties to try.
        class_weights: (K,), or None.
        score: See `choose_cut`.
        perfect: The score of a faultless prediction.
    """

    train: Sequence[NDArray[np.float32]]
    val: Sequence[NDArray[np.float32]]
    spatial: Sequence[bool]
    target: Tensor
    num_outputs: int
    strengths: Sequence[float]
    class_weights: Tensor | None
    score: Score
    perfect: float

    def error(self, candidate: Candidate, rows: NDArray[np.int64], strengths: Sequence[float]) -> float:
        """Measure how far the best probe on some training rows stays below a perfect score."""
        features = gather(self.train, candidate, self.spatial)[rows]
        heads = solve_head(features, self.target[rows], self.num_outputs, strengths, self.class_weights)
        judged = gather(self.val, candidate, self.spatial)
        once = np.ones((len(judged), 1))
        return self.perfect - max(float(self.score(head(judged), once)[0]) for head in heads)

    def error_of_constant(self) -> float:
        """Measure how far the mean of the training targets stays below a perfect score."""
        rows = len(self.val[0])
        nothing = torch.zeros(rows, self.num_outputs)
        return self.perfect - float(self.score(nothing, np.ones((rows, 1)))[0])


@dataclass(frozen=True)
class Evidence:
    """Hold what was measured, in plain types.

    An error is the distance of the monitored metric on val from a perfect score.

    Attributes:
        num_samples: Training rows.
        num_outputs: Classes or targets.
        error_by_stage: Of the probe that reads one stage alone, first stage first.
        error: Of the chosen probe.
        stages: What that probe reads.
        pool: How it pools.
        strength: Of its penalty.
        curve: (rows, error) of that probe on nested parts of the training rows, ascending.
        logme: Per stage.
        distance: Per stage, of activations from the BatchNorm statistics; None where there are none.
        perfect: Score without error.
        unit: Error that counts as one: 1 for scores up to 1, else that of a constant prediction.
    """

    num_samples: int
    num_outputs: int
    error_by_stage: tuple[float, ...]
    error: float
    stages: tuple[int, ...]
    pool: str
    strength: float
    curve: tuple[tuple[int, float], ...]
    logme: tuple[float, ...]
    distance: tuple[float | None, ...]
    perfect: float
    unit: float = 1.0

    @property
    def samples_per_output(self) -> float:
        """Count training rows per class or target."""
        return self.num_samples / self.num_outputs

    @property
    def similarity(self) -> float:
        """Say by what factor, as a logarithm, the last stage errs less than the best stage before it.

        Above 0 the network's own last features suit the data best: the data resembles what it was
        trained on. Below 0 an earlier stage does.
        """
        *earlier, last = self.error_by_stage
        return math.log(positive(min(earlier, default=last)) / positive(last))

    @property
    def halving(self) -> float:
        """Say by what factor, as a logarithm, the error falls from half the training rows to all."""
        if len(self.curve) < 2:
            return 0.0
        return math.log(positive(self.curve[-2][1]) / positive(self.curve[-1][1]))


def measure(probe: Probe, choice: Choice, distance: Sequence[float | None], seed: int) -> Evidence:
    """Collect the evidence.

    Args:
        probe: Features and targets.
        choice: Of `choose_cut` over all candidates of cut=auto.
        distance: Of `activation_distance`.
        seed: Draws the nested parts.
    """
    by_stage = [
        probe.perfect - _representative([trial for trial in choice.trials if trial.stages == (stage,)]).score
        for stage in range(len(probe.train))
    ]
    # Of the images as they are, which come before other views, and evenly spread, since folders are sorted by class.
    count = len(probe.target)
    rows = np.linspace(0, count - 1, min(count, LOGME_ROWS)).astype(int)
    evidence = [
        logme(torch.from_numpy(stage[rows]), probe.target[rows], probe.num_outputs) for stage in probe.train
    ]
    return Evidence(
        num_samples=len(probe.target),
        num_outputs=probe.num_outputs,
        error_by_stage=tuple(by_stage),
        error=probe.perfect - choice.score,
        stages=choice.candidate.stages,
        pool=choice.candidate.pool,
        strength=choice.strength,
        curve=learning_curve(probe, choice.candidate, choice.strength, seed),
        logme=tuple(evidence),
        distance=tuple(distance),
        perfect=probe.perfect,
        unit=1.0 if probe.perfect else positive(probe.error_of_constant()),
    )


def _representative(trials: Sequence[Trial]) -> Trial:
    """Take the trial with the lowest loss, as `choose_cut` does; the best score where no loss is known."""
    return min(trials, key=lambda trial: -trial.score if trial.loss is None else trial.loss)


def learning_curve(
    probe: Probe, candidate: Candidate, strength: float, seed: int
) -> tuple[tuple[int, float], ...]:
    """Measure the error of one probe on halves of halves of the training rows, each inside the next.

    The strengths within a factor of ten of the chosen one compete at every size. Parts too small to
    hold two classes, or two values of each target, are left out.
    """
    count = len(probe.target)
    near = sorted((each for each in probe.strengths if 0.1 <= each / strength <= 10), reverse=True) or [
        strength
    ]
    orders = [np.random.default_rng((seed, draw)).permutation(count) for draw in range(DRAWS)]
    points = []
    for halvings in range(HALVINGS, -1, -1):
        size = count >> halvings
        parts = [order[:size] for order in orders[: DRAWS if halvings else 1]]
        if not all(_solvable(probe.target[part]) for part in parts):
            continue
        points.append((size, float(np.mean([probe.error(candidate, part, near) for part in parts]))))
    return tuple(points)


def _solvable(target: Tensor) -> bool:
    if target.ndim == 1:
        return len(torch.unique(target[target >= 0])) > 1
    return bool((~target.isnan()).sum(0).min() > 1)


def positive(error: float) -> float:
    """Keep an error away from 0, so that ratios of errors stay finite."""
    # A thousandth is finer than what a val of a thousand samples can tell.
    return max(error, 1e-3)
