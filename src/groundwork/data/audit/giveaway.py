"""Columns and target of training rows -> columns that alone tell the target."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from groundwork.data.missing import as_numbers

SUSPICIOUS = 0.95  # of the errors of a constant guess are gone
MOST_ROWS, LEAST_ROWS, MOST_CELLS = 20_000, 2_000, 2_000_000
NUM_FOLDS = 3
SMALLEST_LEAF = 2
FAST_CELLS, FAST_ROWS, FAST_COLUMNS = 200_000, 4000, 5  # looked at before every run
LIKELY = 0.85  # of what neighbors share; SUSPICIOUS columns have 0.93 and more


def find_giveaways(
    inputs: DataFrame, categorical: Sequence[str], target: NDArray[Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Measure how well each column alone predicts the target, the best first.

    skill = 1 - error / error of the best constant, out of three folds: the share of wrong classes, or the mean
    squared error. 0 tells nothing, 1 tells all. A column that names its rows tells nothing of other rows.

    Args:
        inputs: Training rows only.
        target: (N,) classes or (N, T) values of the same rows.
        names: T names of targets.
    """
    if len(target) < 2 * NUM_FOLDS or not inputs.shape[1]:
        return []
    most = int(np.clip(MOST_CELLS // inputs.shape[1], LEAST_ROWS, MOST_ROWS))
    rows = np.unique(np.linspace(0, len(target) - 1, min(most, len(target))).astype(np.int64))
    taken, known = inputs.iloc[rows], target[rows]
    targets = [known] if known.ndim == 1 else [known[:, number] for number in range(known.shape[1])]
    found: list[dict[str, Any]] = []
    for name in inputs.columns:
        values = _values(taken[name], name in categorical)
        skills = [_skill(values, one, name in categorical) for one in targets]
        best = int(np.argmax(skills))
        found.append({"column": str(name), "target": str(names[best]), "skill": skills[best]})
    found.sort(key=lambda one: -one["skill"])
    return [{**one, "suspicious": one["skill"] >= SUSPICIOUS} for one in found]


def find_giveaways_fast(
    inputs: DataFrame, categorical: Sequence[str], target: NDArray[Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Measure, as `find_giveaways` does, only the columns along which the target hardly changes: some 0.1 s.

    Where rows are sorted by a column that tells the target, neighbors have the same one, or nearly: Chatterjee's
    correlation for values (arXiv 1909.10140), the share of unlike neighbors for classes.
    """
    if not inputs.shape[1] or len(target) < 2 * NUM_FOLDS:
        return []
    most = int(np.clip(FAST_CELLS // inputs.shape[1], FAST_ROWS // 8, FAST_ROWS))
    rows = np.unique(np.linspace(0, len(target) - 1, min(most, len(target))).astype(np.int64))
    taken, known = inputs.iloc[rows], target[rows]
    values = np.stack([_values(taken[name], name in categorical) for name in taken.columns], axis=1)
    order = np.argsort(values, axis=0, kind="stable")
    tied = np.diff(np.take_along_axis(values, order, axis=0), axis=0) == 0
    score = np.zeros(inputs.shape[1])
    for one in [known] if known.ndim == 1 else known.T:
        score = np.maximum(score, _smoothness(one, order, tied))
    likely = np.argsort(-score, kind="stable")[:FAST_COLUMNS]
    columns = [taken.columns[number] for number in likely if score[number] >= LIKELY]
    return find_giveaways(taken[columns], categorical, known, names)


def _smoothness(target: NDArray[Any], order: NDArray[np.int64], tied: NDArray[np.bool_]) -> NDArray[Any]:
    """Compare neighbors along each column with any two rows, (D,): 1 if they are alike, 0 if no more than others."""
    if target.dtype.kind in "iu":
        ordered = target[order]
        unlike = (ordered[1:] != ordered[:-1]).astype(float)
        shares = np.unique(target, return_counts=True)[1] / len(target)
        expected = 1 - (shares**2).sum()
    else:
        unlike = np.diff(target[order], axis=0) ** 2
        expected = 2 * np.nanvar(target)
    known = ~np.isnan(unlike)
    # Between two categories the target may change; within one of many rows it does not.
    counted = known & (tied | (tied.sum(axis=0) < len(tied) / 2))
    mean = np.where(counted, unlike, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    return 1 - mean / expected if expected > 0 else np.zeros(order.shape[1])


def _values(column: Series, is_categorical: bool) -> NDArray[np.float64]:
    if is_categorical:
        return np.asarray(column.astype("str").factorize()[0], dtype=np.float64)
    return as_numbers(column, "missing")


def _skill(values: NDArray[np.float64], target: NDArray[Any], is_categorical: bool) -> float:
    is_class = target.dtype.kind in "iu"
    known = target >= 0 if is_class else np.isfinite(target)
    values, target = values[known], target[known]
    if len(target) < 2 * NUM_FOLDS or len(np.unique(target)) < 2 or len(np.unique(values)) < 2:
        return 0.0
    predict = _by_category if is_categorical else _by_tree
    wrong = constant = 0.0
    for fit, held in KFold(NUM_FOLDS, shuffle=True, random_state=0).split(target):
        guess = predict(values[fit], target[fit], values[held], is_class)
        best = _best_constant(target[fit], is_class)
        wrong += _error(guess, target[held], is_class)
        constant += _error(best, target[held], is_class)
    return max(0.0, 1 - wrong / constant) if constant > 0 else 0.0


def _best_constant(target: NDArray[Any], is_class: bool) -> Any:
    return np.bincount(target).argmax() if is_class else target.mean()


def _error(guess: Any, target: NDArray[Any], is_class: bool) -> float:
    return float((guess != target).sum()) if is_class else float(((guess - target) ** 2).sum())


def _by_tree(
    fit: NDArray[np.float64], target: NDArray[Any], held: NDArray[np.float64], is_class: bool
) -> NDArray[Any]:
    kind = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    if np.isnan(fit).all():
        return np.full(len(held), _best_constant(target, is_class))
    tree = kind(min_samples_leaf=SMALLEST_LEAF, random_state=0).fit(fit[:, None], target)
    return np.asarray(tree.predict(held[:, None]))


def _by_category(
    fit: NDArray[np.float64], target: NDArray[Any], held: NDArray[np.float64], is_class: bool
) -> NDArray[Any]:
    groups = Series(target).groupby(fit)
    table = groups.agg(lambda one: int(np.bincount(one).argmax())) if is_class else groups.mean()
    return np.asarray(Series(held).map(table).fillna(_best_constant(target, is_class)))
