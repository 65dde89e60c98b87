"""Predictions of rows that heads did not learn from -> sets and intervals that hold the truth with a promised share.

F heads of folds, of which one did not see a row; one head and one fold where the rows lie apart from train (split
conformal). A label y of a new x is in its set if

    #{i: s_i < s(x, y; head of i's fold)} < level (n + 1),

a value in its interval by the same rule on |y - prediction|, or, of predicted quantiles low and high, on
max(low - y, y - high), which moves both by as much. Too few rows, n < level / (1 - level), leave out nothing.

Source:
    Vovk, Gammerman and Shafer 2005 (split); Barber, Candès, Ramdas and Tibshirani, Annals of Statistics 2021,
    arXiv:1905.02928 (CV+, whose theorem gives 1 - 2 (1 - level)); Romano, Sesia and Candès, NeurIPS 2020,
    arXiv:2006.02544 (APS, and CV+ for classes); Angelopoulos et al., ICLR 2021, arXiv:2009.14193 (RAPS); Romano,
    Patterson and Candès, NeurIPS 2019, arXiv:1905.03222 (quantiles, CQR).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groundwork.core.quantiles import outer_quantiles

Floats = NDArray[np.floating]
Score = Literal["aps", "raps", "absolute", "normalized", "quantile"]
PENALTY, FREE = 0.1, 2  # RAPS: what each class after the first two adds to a score
MOST_CELLS = 2_000_000  # of the matrix of new rows by calibration rows, at once
NUM_BINS, ROWS_PER_BIN, LEAST_SPREAD = 10, 20, 0.1


def class_scores(prob: Floats, uniform: Floats | None, regularized: bool) -> NDArray[np.float64]:
    """Score every class (N, K): the probability of all classes that come before it, and its own or a share of it.

    Args:
        prob: (N, K) probabilities.
        uniform: (N,) in [0, 1), the share of its own; None counts all of it.
        regularized: RAPS: add a penalty for each class beyond the first ones.
    """
    order = np.argsort(-prob, axis=1, kind="stable")
    ranked = np.take_along_axis(prob.astype(np.float64), order, axis=1)
    own = ranked if uniform is None else ranked * uniform[:, None]
    score = np.cumsum(ranked, axis=1) - ranked + own
    if regularized:
        score += PENALTY * np.maximum(np.arange(1, prob.shape[1] + 1) - FREE, 0)
    scores = np.empty_like(score)
    np.put_along_axis(scores, order, score, axis=1)
    return scores


@dataclass(frozen=True)
class Spread:
    """Say how large errors are where a prediction is so large: steps over quantiles of the predictions of one target.

    Attributes:
        edges: (B - 1,) between the bins, in units of the target.
        size: (B,) mean absolute error in each.
    """

    edges: list[float]
    size: list[float]

    def __call__(self, prediction: Floats) -> NDArray[np.float64]:
        """Give the size of errors at predictions of any shape."""
        return np.asarray(self.size)[np.searchsorted(self.edges, prediction)]


def fit_spread(prediction: Floats, target: Floats) -> Spread:
    """Measure errors by the size of the prediction, on rows that calibrate nothing, such as those of train."""
    known = ~np.isnan(target)
    prediction, error = prediction[known], np.abs(prediction - target)[known]
    bins = int(np.clip(len(error) // ROWS_PER_BIN, 1, NUM_BINS))
    edges = np.unique(np.quantile(prediction, np.arange(1, bins) / bins)) if len(error) else np.empty(0)
    place = np.searchsorted(edges, prediction)
    overall = float(error.mean()) if len(error) and error.any() else 1.0
    count, total = (np.bincount(place, each, len(edges) + 1) for each in (np.ones(len(error)), error))
    size = np.where(count > 0, total / np.maximum(count, 1), overall)
    return Spread(edges.tolist(), np.maximum(size, LEAST_SPREAD * overall).tolist())


@dataclass(frozen=True)
class Promise:
    """Hold the scores of n calibration rows, and what they promise of new ones.

    Attributes:
        level: Share of new samples whose truth lies in their set or interval, in (0.5, 1).
        kind: Of the scores.
        randomized: Whether a class counts a random share of its own probability: exact cover, but some sets are empty.
        by_class: Whether each class keeps the promise by itself; `group` is the class then.
        score: (n, 1) of the true class, or (n, T), NaN where a target is missing.
        fold: (n,) number of the head that did not see the row.
        group: (n,) numbers of groups that keep the promise each by itself; all 0 without groups.
        spread: Per target, where `kind` is "normalized".
    """

    level: float
    kind: Score
    randomized: bool
    by_class: bool
    score: NDArray[np.float64]
    fold: NDArray[np.int64]
    group: NDArray[np.int64]
    spread: tuple[Spread, ...] = ()

    def everything(self, group: int) -> bool:
        """Tell whether a group has so few rows that nothing can be left out."""
        rows = self.group == group
        return not _left_out(np.array(int(rows.sum())), self.level, rows)

    def sets(self, prob: Floats, uniform: Floats, group: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which classes are in the set of each row, (N, K).

        Args:
            prob: (F, N, K) by the head of each fold.
            uniform: (N,) in [0, 1), drawn without a look at the inputs.
            group: (N,) as in calibration; not read where classes are the groups.
        """
        share = uniform if self.randomized else None
        scored = np.stack([class_scores(each, share, self.kind == "raps") for each in prob])
        inside = np.zeros(prob.shape[1:], dtype=bool)
        classes = np.arange(prob.shape[2])
        for number in classes if self.by_class else np.unique(group):
            rows = np.arange(len(group)) if self.by_class else np.flatnonzero(group == number)
            cells = np.ix_(rows, [number] if self.by_class else classes)
            mine = self.group == number
            below = np.zeros(inside[cells].shape, dtype=np.int64)
            for fold, each in enumerate(scored):
                below += np.searchsorted(np.sort(self.score[mine & (self.fold == fold), 0]), each[cells])
            inside[cells] = ~_left_out(below, self.level, mine)
        if not self.randomized:  # no set is empty: that only adds to its cover
            inside[np.arange(len(group)), prob.mean(axis=0).argmax(axis=1)] = True
        return inside

    def intervals(
        self, values: Floats, group: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the lower and upper ends (N, T); infinite where nothing can be left out.

        Args:
            values: (F, N, T) by the head of each fold, in original units, or their quantiles (F, N, Q * T).
            group: (N,)
        """
        num_targets = self.score.shape[1]
        low, high = outer_quantiles(values, num_targets) if self.kind == "quantile" else (values, values)
        ends = np.empty((2, values.shape[1], num_targets))
        for number in np.unique(group):
            for target in range(num_targets):
                rows = group == number
                mine = (self.group == number) & ~np.isnan(self.score[:, target])
                below, above = (each[:, rows, target].astype(np.float64) for each in (low, high))
                spread = self.spread[target](above) if self.spread else np.ones_like(above)
                given = self.score[mine, target], self.fold[mine]
                ends[1, rows, target] = _upper(above, spread, *given, self.level)
                ends[0, rows, target] = -_upper(-below, spread, *given, self.level)
        crossed = ends[0] > ends[1]  # quantiles that were far too wide, moved inward past each other
        ends[:, crossed] = ends[:, crossed].mean(axis=0)
        return ends[0], ends[1]


def conformal_rank(level: float, number: int) -> int:
    """Give which of n scores, from 1, is the cut: ceil(level (n + 1)); above n, nothing can be left out.

    level (n + 1) may be a hair above a whole number.
    """
    return int(np.ceil(level * (number + 1) - 1e-9))


def _left_out(count: NDArray[Any], level: float, mine: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell whether so many lower scores leave a candidate out."""
    return np.asarray(count >= conformal_rank(level, int(mine.sum())))


def _upper(
    value: Floats, spread: Floats, score: Floats, fold: NDArray[np.int64], level: float
) -> NDArray[np.float64]:
    """Give the cut among value + spread * score over calibration rows, for each row (N,); see `conformal_rank`."""
    rank = conformal_rank(level, len(score))
    if rank > len(score):
        return np.full(value.shape[1], np.inf)
    if len(value) == 1:
        return np.asarray(value[0] + spread[0] * np.sort(score)[rank - 1])
    found = np.empty(value.shape[1])
    step = max(1, MOST_CELLS // len(score))
    for start in range(0, len(found), step):
        part = slice(start, start + step)
        reached = value[fold, part] + spread[fold, part] * score[:, None]  # (n, rows)
        found[part] = np.partition(reached, rank - 1, axis=0)[rank - 1]
    return found
