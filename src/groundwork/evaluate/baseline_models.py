"""Rows of train -> what simple models predict of val: a constant, a linear model, gradient boosting."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from groundwork.core.batch import TaskName
from groundwork.evaluate.estimators import MAX_CELLS, SEED, Estimators
from groundwork.evaluate.forest import Forest

Floats = NDArray[np.floating]

FOLDS = 3  # of train, by which the strength of logistic regression on tables is chosen
MAX_WORK = 4_000_000  # cells times classes up to which that is tried; beyond it, and for images, it is 1.0
MAX_LABEL_WORK = 50_000_000  # cells times labels up to which each label gets models of its own
LINKS = {"classification": "softmax", "multilabel": "sigmoid", "regression": "identity"}


@dataclass(frozen=True)
class SplitData:
    """Hold inputs (N, D), target, (N,) int64 or (N, T), and weights (N,), or (N, T) of labels; NaN = missing."""

    inputs: Floats
    target: NDArray[Any]
    weight: Floats | None = None

    def take(self, rows: NDArray[Any]) -> "SplitData":
        """Keep the rows at these positions (M,), or where a mask (N,) is true."""
        weight = None if self.weight is None else self.weight[rows]
        return SplitData(self.inputs[rows], self.target[rows], weight)


@dataclass(frozen=True)
class Fitted:
    """Hold what a baseline predicts of val, and its models, each with the columns of the prediction that it gives."""

    prediction: Floats
    models: Sequence[tuple[Any, list[int]]] = ()


def fit_baselines(
    task: TaskName,
    train: SplitData,
    val: SplitData,
    names: Sequence[str],
    *,
    kind: Literal["image", "table"],
    categorical: Sequence[int],
    only: str | None = None,
) -> dict[str, Fitted]:
    """Fit the baselines on train and predict val.

    Args:
        task: Classes, labels or values.
        train: Table columns as `encode_columns` gives them, cached features, or `small_pixels`; weighted as the
            balance of the run weighs its classes. The constant is what it is called, whatever the weights.
        val: The same for the validation rows.
        names: K classes or T targets.
        kind: Tables get gradient boosting besides.
        categorical: Positions of the inputs that are category codes, 0 = missing and 1 = unseen.
        only: Fit this one beside the constant, "" none; None fits all.

    Returns:
        `majority` or `mean` first, `linear`, and `gradient_boosting` for tables.
    """
    train, val = replace(train, inputs=_finite(train.inputs)), replace(val, inputs=_finite(val.inputs))
    constant = _class_shares if task == "classification" else _column_means
    found = {"mean" if task == "regression" else "majority": Fitted(constant(train, val, names))}
    if not train.inputs.shape[1]:
        return found
    rows, predict = _thinned(train), _PREDICT[task]
    with warnings.catch_warnings():
        # A baseline stops at its number of iterations; a category unseen in training counts as none.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        for name, build in _estimators(task, rows, len(names), kind, categorical).items():
            if only in (None, name):
                found[name] = predict(build, rows, val, names)
    return found


def boosted_forest(found: Mapping[str, Fitted], task: TaskName) -> Forest | None:
    """Take over gradient boosting into plain arrays; None where it was not fitted."""
    constant, *_ = found.values()
    if not (boosting := found.get("gradient_boosting")) or not boosting.models:
        return None
    usual = constant.prediction.reshape(len(constant.prediction), -1)[0].astype(np.float64)
    if task == "classification":
        usual = np.zeros_like(usual)
    models, columns = zip(*boosting.models, strict=True)
    return Forest.of(models, columns, usual, LINKS[task])


def most_rows(num_columns: int) -> int:
    """Tell how many rows a baseline is fitted on at most."""
    return max(1000, MAX_CELLS // max(1, num_columns))


def _estimators(
    task: TaskName, rows: SplitData, num_outputs: int, kind: str, categorical: Sequence[int]
) -> dict[str, Callable[[], Any]]:
    """Say how the models are built that are fitted on some rows."""
    inputs = rows.inputs
    build = Estimators(inputs.shape[1], tuple(categorical))
    if kind == "image":
        return {"linear": lambda: build.linear(task, 0)}
    fewest = _fewest(rows.target, task)
    folds = min(FOLDS, fewest) if inputs.size * num_outputs <= MAX_WORK else 0
    return {
        "linear": lambda: build.linear(task, folds),
        "gradient_boosting": lambda: build.boosting(task, num_outputs, inputs, fewest),
    }


def _fewest(target: NDArray[Any], task: TaskName) -> int:
    """Count the rows of the rarest class, or of the rarer side of a label; 0 for values."""
    if task == "classification":
        return int(np.unique(target, return_counts=True)[1].min())
    sides = [(target == value).sum(axis=0) for value in (0, 1)] if task == "multilabel" else [np.zeros(0)]
    return int(min((least for least in np.min(sides, axis=0) if least), default=0))


def _finite(inputs: Floats) -> Floats:
    return np.where(np.isfinite(inputs), inputs, np.nan)


def _filled(inputs: Floats) -> Floats:
    """Put 0 into a column without any value, which gradient boosting cannot cut into bins."""
    return np.where(np.isnan(inputs).all(axis=0), 0.0, inputs)


def _thinned(train: SplitData) -> SplitData:
    limit = most_rows(train.inputs.shape[1])
    if len(train.inputs) <= limit:
        return train
    return train.take(np.sort(np.random.default_rng(SEED).permutation(len(train.inputs))[:limit]))


def _class_shares(train: SplitData, val: SplitData, names: Sequence[str]) -> Floats:
    counts = np.bincount(train.target, minlength=len(names))
    return np.tile(counts / counts.sum(), (len(val.target), 1))


def _column_means(train: SplitData, val: SplitData, names: Sequence[str]) -> Floats:
    target = train.target.reshape(len(train.target), len(names)).astype(float)
    known = ~np.isnan(target)
    means = np.where(known, target, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.broadcast_to(means, (len(val.target), len(names))).reshape(val.target.shape)


def _fit(model: Any, train: SplitData) -> Any:
    weight = {}
    if train.weight is not None:
        last = model.steps[-1][0] + "__" if hasattr(model, "steps") else ""  # of a pipeline
        weight = {f"{last}sample_weight": train.weight}
    return model.fit(_filled(train.inputs), train.target, **weight)


def _classes(build: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str]) -> Fitted:
    present = np.unique(train.target)
    if len(present) < 2:
        return Fitted(_class_shares(train, val, names))
    model = _fit(build(), train)
    prob = np.zeros((len(val.target), len(names)))
    prob[:, present] = model.predict_proba(val.inputs)
    return Fitted(prob, [(model, present.tolist())])


def _values(build: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str]) -> Fitted:
    target = train.target.reshape(len(train.target), len(names)).astype(float)
    values = _column_means(train, val, names).reshape(len(val.target), len(names)).copy()
    models = []
    for column in range(len(names)):
        known = ~np.isnan(target[:, column])
        if known.any():
            model = _fit(build(), replace(train.take(known), target=target[known, column]))
            values[:, column] = model.predict(val.inputs)
            models.append((model, [column]))
    return Fitted(values.reshape(val.target.shape), models)


def _labels(build: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str]) -> Fitted:
    """Predict each label by a model of its own; one that train has no or every row of, by its share."""
    prob, models = np.array(_column_means(train, val, names)), []
    for column, own in enumerate(train.target.T):
        known = ~np.isnan(own)
        if min((own == value).sum() for value in (0, 1)):
            weight = None if train.weight is None else train.weight[known, column]
            model = _fit(build(), SplitData(train.inputs[known], own[known].astype(np.int64), weight))
            prob[:, column] = model.predict_proba(val.inputs)[:, 1]
            models.append((model, [column]))
    return Fitted(prob, models)


_PREDICT = {"classification": _classes, "multilabel": _labels, "regression": _values}
