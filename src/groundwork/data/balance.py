"""Class counts of train -> weights in the loss, or rows drawn more or less often."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

from groundwork.core.ranges import check_choice, check_range

Counts = NDArray[np.int64]
Weighting = Literal["inverse", "effective", "sqrt"]
_WORD = 1 << 64


@dataclass(frozen=True)
class NoBalance:
    """Take the classes as they are.

    Attributes:
        resamples: Whether `rows` gives other rows than each one once.
    """

    resamples: ClassVar[bool] = False

    def class_weights(self, counts: Counts) -> NDArray[np.float64] | None:
        """Weigh no class: None."""
        return None

    def rows(self, target: Counts, seed: int, epoch: int) -> Counts:
        """Give the positions of an epoch, (N,): each row once."""
        return np.array(range(len(target)), dtype=np.int64)

    def counts_after(self, counts: Counts) -> NDArray[Any]:
        """Tell how much each class counts in an epoch, (K,)."""
        return np.asarray(counts)


@dataclass(frozen=True)
class LossWeights(NoBalance):
    """Weigh each class in the loss by its rarity among the training rows.

    inverse: w_k = 1 / n_k; effective: w_k = (1 - beta) / (1 - beta^n_k); sqrt: w_k = 1 / sqrt(n_k);
    each scaled so that the mean over the training rows is 1. A class without rows gets 1.

    Args:
        kind: Which formula.
        beta: In [0, 1), effective only. 0 weighs all classes alike; towards 1 it approaches inverse.

    Source:
        effective: Cui et al., CVPR 2019, arXiv:1901.05555, proposition 1.
    """

    kind: Weighting
    beta: float

    def __post_init__(self) -> None:
        check_choice("balance.kind", self.kind, get_args(Weighting))
        check_range("balance.beta", self.beta, "[0, 1)")

    def class_weights(self, counts: Counts) -> NDArray[np.float64]:
        """Weigh each class, (K,), dimensionless, mean 1 over the training rows."""
        seen = np.asarray(counts) > 0
        number = np.where(seen, counts, 1).astype(np.float64)
        if self.kind == "inverse":
            weights = 1 / number
        elif self.kind == "sqrt":
            weights = number**-0.5
        else:
            weights = (1 - self.beta) / (1 - np.power(self.beta, number))
        mean = (weights * counts).sum() / max(np.asarray(counts).sum(), 1)
        return np.where(seen, weights / mean if mean > 0 else weights, 1.0)

    def counts_after(self, counts: Counts) -> NDArray[Any]:
        """Tell how much each class counts in an epoch, (K,): its rows times its weight."""
        return np.asarray(counts) * self.class_weights(counts)


@dataclass(frozen=True)
class Oversample(NoBalance):
    """Repeat the rows of smaller classes until each counts as many as the largest.

    Every row comes as often as every other of its class, up to one; which come once more is drawn
    from (seed, epoch) alone, so every rank draws the same and slices it.
    """

    resamples = True

    def rows(self, target: Counts, seed: int, epoch: int) -> Counts:
        """Give the positions of an epoch, (M,) ascending: the largest class's count for each class."""
        return _draw(target, max, seed, epoch)

    def counts_after(self, counts: Counts) -> NDArray[Any]:
        """Tell how much each class counts in an epoch, (K,)."""
        return np.where(np.asarray(counts) > 0, max(counts, default=0), 0)


@dataclass(frozen=True)
class Undersample(NoBalance):
    """Take as many rows of each class as the smallest has; other ones each epoch.

    Drawn from (seed, epoch) alone, so every rank draws the same and slices it.
    """

    resamples = True

    def rows(self, target: Counts, seed: int, epoch: int) -> Counts:
        """Give the positions of an epoch, (M,) ascending: the smallest class's count for each class."""
        return _draw(target, min, seed, epoch)

    def counts_after(self, counts: Counts) -> NDArray[Any]:
        """Tell how much each class counts in an epoch, (K,); classes without rows stay without."""
        seen = np.asarray(counts) > 0
        return np.where(seen, min(np.asarray(counts)[seen], default=0), 0)


def class_weights(balance: Any, prepared: Any) -> NDArray[np.float64] | None:
    """Weigh in the loss each class (K,), or having each of several labels (T,); None weighs all alike.

    A label weighs w_1 / w_0, as the balance weighs two classes of rows that have it and rows that do not.
    """
    if prepared.target.classes:
        found: NDArray[np.float64] | None = balance.class_weights(prepared.counts("train"))
        return found
    if not prepared.target.has_labels:
        return None
    labels = prepared.targets("train")
    counts = np.stack([(labels == value).sum(axis=0) for value in (0, 1)], axis=1)
    pairs = [balance.class_weights(pair) for pair in counts]
    return None if pairs[0] is None else np.array([has / lacks for lacks, has in pairs])


def _draw(target: Counts, choose: Any, seed: int, epoch: int) -> Counts:
    classes, counts = np.unique(target, return_counts=True)
    if not len(classes):
        return np.full(0, 0, dtype=np.int64)
    goal = int(choose(counts))
    drawn = []
    for label in classes:
        rows = (target == label).nonzero()[0]
        whole, rest = divmod(goal, len(rows))
        drawn += [np.tile(rows, whole), rows[_shuffled(len(rows), seed, epoch, int(label))[:rest]]]
    return np.sort(np.concatenate(drawn)).astype(np.int64)


def _shuffled(num_rows: int, seed: int, epoch: int, label: int) -> Counts:
    # Raw Philox words are the same in every numpy version; the methods of Generator need not be.
    key = np.array([seed % _WORD, epoch % _WORD], dtype=np.uint64)
    counter = np.array([0, 0, 0, label % _WORD], dtype=np.uint64)
    return np.asarray(
        Philox(key=key, counter=counter).random_raw(num_rows).argsort(kind="stable"), dtype=np.int64
    )
