"""Scores and labels -> AUROC and average precision, for many weightings of the same samples at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groundwork.metrics.counts import Floats, ratio


class Ranking:
    """Sort once what AUROC and average precision need of one score, then serve any weights.

    With samples in order of falling score, only the tied groups that hold a positive matter: g = 1..G.
    Three sums each are kept: the positives, the negatives tied with them, and the negatives passed since
    the positive group before.

    Args:
        score: (N,) higher means more likely positive.
        label: (N,) bool, True for the positive class.
        sample: (N,) of which sample each score is, where that is not the one in its place.
        num_samples: Of all samples that are weighted, beside `sample`.
    """

    def __init__(
        self,
        score: NDArray[np.floating],
        label: NDArray[np.bool_],
        sample: NDArray[np.integer] | None = None,
        num_samples: int | None = None,
    ):
        size = len(score)
        order = np.argsort(-score, kind="stable")
        value, truth = score[order], label[order]
        tied = np.cumsum(np.r_[True, value[1:] != value[:-1]]) - 1 if size else np.zeros(0, int)
        has_positive = np.bincount(tied, weights=truth) > 0 if size else np.zeros(0, bool)
        number = np.cumsum(has_positive) - has_positive  # of the positive group here, or the next one
        slot = np.where(truth, 0, np.where(has_positive[tied], 1, 2)) + 3 * number[tied]
        by_slot = np.argsort(slot, kind="stable")
        self.num_groups = int(has_positive.sum())
        starts = np.searchsorted(slot[by_slot], np.arange(3 * self.num_groups + 4)).astype(np.int32)
        column = order[by_slot] if sample is None else sample[order[by_slot]]
        self.sums = csr_array(
            (np.ones(size, np.float32), column.astype(np.int32), starts),
            shape=(3 * self.num_groups + 3, size if num_samples is None else num_samples),
        )

    def at(self, weights: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """Evaluate both metrics at R weightings.

        auroc = P(positive scores above negative) + P(tied) / 2;
        average precision = sum over groups of (recall_g - recall_{g-1}) precision_g.

        Args:
            weights: (N, R) how often each sample counts.

        Returns:
            auroc (R,) and average precision (R,); NaN without a positive (auroc: or without a negative).
        """
        positive, tied, before, total_negative = self._groups(weights)
        passed = np.cumsum(before + tied, axis=0)
        found = np.cumsum(positive, axis=0)
        total_positive = positive.sum(axis=0, dtype=float)
        below = positive * (total_negative - passed + 0.5 * tied)
        auroc = ratio(below.sum(axis=0, dtype=float), total_positive * total_negative)
        seen = np.maximum(found + passed, 1e-30)  # 0 only where `positive` is 0 too
        precision = (positive * (found / seen)).sum(axis=0, dtype=float)
        return auroc, ratio(precision, total_positive)

    def _groups(self, weights: NDArray[np.floating]) -> tuple[NDArray[np.floating], ...]:
        sums = self.sums @ weights
        last = 3 * self.num_groups
        positive, tied, before = (sums[kind:last:3] for kind in range(3))
        total = before.sum(axis=0, dtype=float) + tied.sum(axis=0, dtype=float) + sums[last:].sum(axis=0)
        return positive, tied, before, total
