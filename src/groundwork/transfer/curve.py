"""Cached features -> the learning curve of a head, and what more training rows would bring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.transfer.candidates import Candidate, gather
from groundwork.transfer.choose import Score
from groundwork.transfer.solve import solve_head

# Halvings of the training rows in a learning curve, how often each size is drawn anew, and how often val is.
HALVINGS = 4
DRAWS = 3
RESAMPLES = 50
LATEST = 3  # sizes of the curve that tell where it goes on to: a power law holds for its end at best


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
        labels: Whether the values are several labels of 0 and 1.
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
    labels: bool = False

    def errors(
        self,
        candidate: Candidate,
        rows: NDArray[np.int64],
        strengths: Sequence[float],
        draws: NDArray[np.float64],
    ) -> NDArray[np.floating]:
        """Measure how far the best probe on some training rows stays below a perfect score.

        Args:
            draws: (M, R) how often each row of val counts; the first column chooses among the strengths.

        Returns:
            (R,) errors.
        """
        features = gather(self.train, candidate, self.spatial)[rows]
        heads = solve_head(
            features, self.target[rows], self.num_outputs, strengths, self.class_weights, labels=self.labels
        )
        judged = gather(self.val, candidate, self.spatial)
        scores = [self.score(head(judged), draws) for head in heads]
        return np.asarray(self.perfect - max(scores, key=lambda one: float(one[0])))


@dataclass(frozen=True)
class More:
    """Hold what more training rows would bring to the frozen head, as its learning curve goes on.

    Attributes:
        rows: That many more.
        gain: Error that would go.
        low: 2.5 % of the draws of training rows and of val expect less.
        high: 2.5 % expect more.
    """

    rows: int
    gain: float
    low: float
    high: float


def learning_curve(
    probe: Probe, candidate: Candidate, strength: float, seed: int
) -> tuple[tuple[tuple[int, float], ...], More | None]:
    """Measure the error of one probe on halves of halves of the training rows, each inside the next.

    The strengths within a factor of ten of the chosen one compete at every size. Parts too small to
    hold two classes, or two values of each target, are left out.

    Returns:
        (rows, error) by size, and what twice as many rows would bring.
    """
    count, judges = len(probe.target), len(probe.val[0])
    near = sorted((each for each in probe.strengths if 0.1 <= each / strength <= 10), reverse=True) or [
        strength
    ]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(judges, np.full(judges, 1 / judges), RESAMPLES).T
    draws = np.concatenate([np.ones((judges, 1)), drawn], axis=1)
    orders = [np.random.default_rng((seed, draw)).permutation(count) for draw in range(DRAWS)]
    sizes, errors = [], []
    for halvings in range(HALVINGS, -1, -1):
        size = count >> halvings
        parts = [order[:size] for order in orders[: DRAWS if halvings else 1]]
        if not all(_solvable(probe.target[part]) for part in parts):
            continue
        found = np.stack([probe.errors(candidate, part, near, draws) for part in parts])
        sizes.append(size)
        errors.append(np.broadcast_to(found, (DRAWS, found.shape[1])))
    curve = tuple((size, float(each[:, 0].mean())) for size, each in zip(sizes, errors, strict=True))
    return curve, _twice(sizes, np.stack(errors)) if len(sizes) >= LATEST else None


def _twice(sizes: Sequence[int], errors: NDArray[np.floating]) -> More | None:
    """Let error = a * rows^-b go on to twice the rows.

    Args:
        sizes: Ascending, all training rows last.
        errors: (S, D, 1 + R) by size, draw of training rows and draw of val, all of val first.
    """
    known = np.maximum(errors[-LATEST:], 1e-3)
    if not np.isfinite(known).all():  # a small draw of val may leave the metric undefined
        known = known[:, :, np.isfinite(known).all(axis=(0, 1))]
    if not known.shape[2]:
        return None
    places = np.log2(sizes[-LATEST:])
    places = places - places.mean()
    slope = np.tensordot(places, np.log2(known), axes=1) / float(places @ places)
    gain = known[-1] * (1 - 2.0**slope)
    low, high = np.quantile(gain, (0.025, 0.975))
    return More(int(sizes[-1]), float(gain[:, 0].mean()), float(low), float(high))


def _solvable(target: Tensor) -> bool:
    if target.ndim == 1:
        return len(torch.unique(target[target >= 0])) > 1
    return bool((~target.isnan()).sum(0).min() > 1)
