"""Training rows of a table -> what is known of each column ever after: filling, center and scale, categories."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data.categories import FIRST, MISSING, category_text
from groundwork.data.columns import Column, ColumnStatistics
from groundwork.data.missing import Missing, as_numbers, find_gaps
from groundwork.data.normalize import Normalize, center_and_scale, quantile_knots


def fit_columns(
    inputs: DataFrame,
    categorical: Sequence[str],
    missing: Missing,
    normalize: Normalize,
    rare_below: int = 1,
) -> ColumnStatistics:
    """Measure each column on training rows: center and scale those of the filled column.

    Args:
        inputs: Training rows only, without those that `missing` drops.
        categorical: Columns read as categories.
        missing: What fills gaps.
        normalize: How numbers are brought to one range.
        rare_below: Categories of fewer rows get the code of those that training never showed, and train it.
    """
    if not len(inputs):
        raise UserError("train must hold at least one row, but got none. Check split.fractions and missing.")
    method = normalize.for_tables()
    columns = [
        _fit_categories(inputs[name], missing, rare_below)
        if name in categorical
        else _fit_numbers(inputs[name], missing, method)
        for name in inputs.columns
    ]
    return ColumnStatistics(tuple(columns), missing.infinite)


def _fit_numbers(column: Series, missing: Missing, method: str) -> Column:
    name = str(column.name)
    values = as_numbers(column, missing.infinite)
    gaps = np.isnan(values)
    fill = _fill_value(values, missing.policy(name, False), missing.constant, name)
    filled = np.where(gaps, 0.0 if fill is None else fill, values)
    center, scale = center_and_scale(filled, method)
    knots, scores = quantile_knots(filled)
    indicator = bool(missing.indicator and fill is not None and gaps.any())
    counts = (int(gaps.sum()), int((~gaps).sum()))
    scores = scores if method == "quantile" else ()
    return Column(name, "numeric", fill, indicator, center, scale, (), counts, knots, scores)


def _fit_categories(column: Series, missing: Missing, rare_below: int) -> Column:
    name = str(column.name)
    policy = missing.policy(name, True)
    text = category_text(column)
    counts = text[~find_gaps(text, True, missing.infinite)].value_counts()
    rare = int(counts[counts < rare_below].sum())
    counts = counts[counts >= rare_below]
    known = sorted(counts.index)
    fill: float | None = float(MISSING)
    if policy in ("error", "drop"):
        fill = None
    elif policy == "constant":
        known = sorted({*known, str(missing.constant)})
        fill = float(FIRST + known.index(str(missing.constant)))
    elif policy == "most_frequent" and known:
        fill = float(FIRST + known.index(min(counts.index[counts == counts.max()])))
    seen = (len(text) - int(counts.sum()) - rare, rare, *(int(counts.get(category, 0)) for category in known))
    return Column(name, "categorical", fill, False, 0.0, 1.0, tuple(known), seen)


def _fill_value(values: NDArray[np.float64], policy: str, constant: float | str, name: str) -> float | None:
    """Measure what fills the gaps of a numeric column of train; None where none may remain.

    The most frequent value is the smallest of those that tie.

    Args:
        values: (N,) training values, NaN where missing.
        policy: One of the numeric policies.
        constant: The filling of `constant`.
        name: The column's, for the error.
    """
    if policy in ("error", "drop"):
        return None
    if policy == "constant":
        return _number(constant, name)
    known = values[~np.isnan(values)]
    if not len(known):
        raise UserError(
            f"column {name} must have a value in train for missing={policy}, but got none. "
            f"Leave it out with data.drop, or use missing.columns.{name}=constant."
        )
    if policy == "most_frequent":
        found, counts = np.unique(known, return_counts=True)
        return float(found[counts.argmax()])
    known = known[~np.isinf(known)] if not np.isinf(known).all() else known
    return float(Series(known).mean() if policy == "mean" else Series(known).median())


def _number(constant: float | str, name: str) -> float:
    try:
        return float(constant)
    except ValueError:
        raise UserError(
            f"missing.constant must be a number for column {name}, but got {constant!r}. Use 0."
        ) from None
