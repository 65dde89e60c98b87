"""Rows of train -> models that a network must beat, measured on val: a constant, a linear one, gradient boosting."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundwork.core.batch import TaskName
from groundwork.evaluate.forest import Forest

Floats = NDArray[np.floating]
Fitted = list[tuple[Any, list[int]]]  # models, and the columns of the prediction that each gives
MetricsFunction = Callable[[Floats, NDArray[Any], Sequence[str]], dict[str, float]]

SEED = (
    0  # of gradient boosting and of the rows kept when there are too many: the same baselines for every run
)
MAX_CELLS = 4_000_000  # rows x columns that a baseline is fitted on; more rows are thinned out evenly
MAX_TREES, MAX_TREE_CELLS = 500, 400_000_000  # boosting with classes: about five seconds on one core
WIDE = 300  # columns from which gradient boosting takes coarser and smaller trees
ALPHAS = np.logspace(-2, 4, 7)  # strengths of ridge regression, chosen by leaving one out of train
STRENGTHS = np.logspace(-3, 2, 6)  # of logistic regression on tables, chosen by FOLDS folds of train
FOLDS, MAX_WORK = (
    3,
    4_000_000,
)  # cells times classes up to which that is tried; beyond it, and for images, 1.0
STOPPING = 1000  # training rows from which gradient boosting stops early, by a tenth of them
MAX_LABEL_WORK = 50_000_000  # cells times labels up to which each label gets models of its own
MAX_CATEGORIES = 250  # of one column in the linear model, which joins the rare ones


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


def fit_baselines(
    task: TaskName,
    train: SplitData,
    val: SplitData,
    names: Sequence[str],
    metrics: MetricsFunction,
    *,
    kind: Literal["image", "table"],
    categorical: Sequence[int],
    only: str | None = None,
    keep: list[Forest] | None = None,
) -> dict[str, dict[str, float]]:
    """Fit the baselines on train and measure them on val.

    Args:
        task: Classes, labels or values.
        train: Table columns as `encode_columns` gives them, cached features, or `small_pixels`; weighted as the
            balance of the run weighs its classes. The constant is what it is called, whatever the weights.
        val: The same for the validation rows.
        names: K classes or T targets.
        metrics: (prediction, target, names) -> metric -> number.
        kind: Tables get gradient boosting besides.
        categorical: Positions of the inputs that are category codes, 0 = missing and 1 = unseen.
        only: Fit this one beside the constant, "" none; None fits all.
        keep: Gets gradient boosting as it was fitted.

    Returns:
        `majority` or `mean`, `linear`, and `gradient_boosting` for tables: each its metrics on val.
    """
    train, val = replace(train, inputs=_finite(train.inputs)), replace(val, inputs=_finite(val.inputs))
    columns = _Columns(train.inputs.shape[1], tuple(categorical))
    models: dict[str, Callable[[], Any]] = {"linear": lambda: columns.linear(task, 0)}
    rows = _thinned(train)
    if kind == "table":
        fewest = _fewest(rows.target, task)
        affordable = rows.inputs.size * len(names) <= MAX_WORK
        models = {
            "linear": lambda: columns.linear(task, min(FOLDS, fewest) if affordable else 0),
            "gradient_boosting": lambda: columns.boosting(task, len(names), rows.inputs, fewest),
        }
    constant = _class_shares if task == "classification" else _column_means
    usual = constant(train, val, names)
    found = {"mean" if task == "regression" else "majority": usual}
    if train.inputs.shape[1]:
        predict = _PREDICT[task]
        with warnings.catch_warnings():
            # A baseline stops at its number of iterations; a category unseen in training counts as none.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", UserWarning)
            for name, model in models.items():
                fitted: Fitted = []
                if only in (None, name):
                    found[name] = predict(model, rows, val, names, fitted)
                if name == "gradient_boosting" and fitted and keep is not None:
                    keep.append(_forest(fitted, task, usual.reshape(-1, len(names))[0]))
    return {name: metrics(prediction, val.target, names) for name, prediction in found.items()}


@dataclass(frozen=True)
class _Columns:
    """Know which of D columns are categories, and build models that take them as they are."""

    num_columns: int
    categorical: tuple[int, ...]

    def linear(self, task: TaskName, folds: int) -> Any:
        """Build ridge regression, or logistic regression whose strength is chosen by two or more folds."""
        numeric = [column for column in range(self.num_columns) if column not in self.categorical]
        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        encode = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES)
        prepare = ColumnTransformer(
            [
                ("numeric", make_pipeline(impute, StandardScaler()), numeric),
                ("categorical", encode, list(self.categorical)),
            ]
        )
        if task == "regression":
            return make_pipeline(prepare, RidgeCV(ALPHAS))
        model: Any = LogisticRegression()
        if folds > 1:
            model = GridSearchCV(model, {"C": STRENGTHS}, scoring="neg_log_loss", cv=folds)
        return make_pipeline(prepare, model)

    def boosting(self, task: TaskName, num_outputs: int, inputs: Floats, fewest: int) -> Any:
        """Build gradient boosting that stops early where there are rows enough.

        Args:
            inputs: (N, D) of train.
            fewest: Rows of the rarest class.
        """
        wide = self.num_columns > WIDE  # the work on histograms grows with columns x bins x leaves
        bins, leaves = (32, 8) if wide else (255, 31)
        few = [column for column in self.categorical if inputs[:, column].max(initial=0) < bins]
        settings = {
            "max_bins": bins,
            "max_leaf_nodes": leaves,
            "categorical_features": few or None,
            "random_state": SEED,
            "early_stopping": len(inputs) >= STOPPING and (task == "regression" or fewest >= 10),
        }
        most = MAX_TREES if settings["early_stopping"] else 100
        if task == "regression":
            return HistGradientBoostingRegressor(max_iter=most, **settings)
        # One tree per class and iteration: many classes get fewer iterations of a higher rate.
        trees = min(MAX_TREES, MAX_TREE_CELLS // max(1, min(inputs.size, MAX_CELLS)))
        iterations = min(most, max(5, trees // num_outputs))
        return HistGradientBoostingClassifier(
            max_iter=iterations, learning_rate=min(0.3, max(0.1, 10 / iterations)), **settings
        )


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


def most_rows(num_columns: int) -> int:
    """Tell how many rows a baseline is fitted on at most."""
    return max(1000, MAX_CELLS // max(1, num_columns))


def _class_shares(train: SplitData, val: SplitData, names: Sequence[str]) -> Floats:
    counts = np.bincount(train.target, minlength=len(names))
    return np.tile(counts / counts.sum(), (len(val.target), 1))


def _column_means(train: SplitData, val: SplitData, names: Sequence[str]) -> Floats:
    target = train.target.reshape(len(train.target), len(names)).astype(float)
    known = ~np.isnan(target)
    means = np.where(known, target, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.broadcast_to(means, (len(val.target), len(names))).reshape(val.target.shape)


def _forest(fitted: Fitted, task: TaskName, constant: Floats) -> Forest:
    link = {"classification": "softmax", "multilabel": "sigmoid", "regression": "identity"}[task]
    usual = np.zeros(len(constant)) if task == "classification" else constant.astype(np.float64)
    return Forest.of([model for model, _ in fitted], [columns for _, columns in fitted], usual, link)


def _probabilities(
    model: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str], fitted: Fitted
) -> Floats:
    present = np.unique(train.target)
    if len(present) < 2:
        return _class_shares(train, val, names)
    fitted.append((_fit(model(), train), present.tolist()))
    prob = np.zeros((len(val.target), len(names)))
    prob[:, present] = fitted[-1][0].predict_proba(val.inputs)
    return prob


def _fit(model: Any, train: SplitData) -> Any:
    weight = {}
    if train.weight is not None:
        last = model.steps[-1][0] + "__" if hasattr(model, "steps") else ""  # of a pipeline
        weight = {f"{last}sample_weight": train.weight}
    return model.fit(_filled(train.inputs), train.target, **weight)


def _values(
    model: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str], fitted: Fitted
) -> Floats:
    target = train.target.reshape(len(train.target), len(names)).astype(float)
    values = _column_means(train, val, names).reshape(len(val.target), len(names)).copy()
    for column in range(len(names)):
        known = ~np.isnan(target[:, column])
        if known.any():
            fitted.append((_fit(model(), replace(train.take(known), target=target[known, column])), [column]))
            values[:, column] = fitted[-1][0].predict(val.inputs)
    return values.reshape(val.target.shape)


def _labels(
    model: Callable[[], Any], train: SplitData, val: SplitData, names: Sequence[str], fitted: Fitted
) -> Floats:
    """Predict each label by a model of its own; one that train has no or every row of, by its share."""
    prob = np.array(_column_means(train, val, names))
    for column, own in enumerate(train.target.T):
        known = ~np.isnan(own)
        if min((own == value).sum() for value in (0, 1)):
            weight = None if train.weight is None else train.weight[known, column]
            rows = SplitData(train.inputs[known], own[known].astype(np.int64), weight)
            fitted.append((_fit(model(), rows), [column]))
            prob[:, column] = fitted[-1][0].predict_proba(val.inputs)[:, 1]
    return prob


_PREDICT = {"classification": _probabilities, "multilabel": _labels, "regression": _values}
