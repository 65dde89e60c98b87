"""Training rows of a table -> statistics by column; any rows -> the numbers that a model reads."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.text import shortlist
from groundwork.data.categories import FIRST, MISSING, category_codes, category_text
from groundwork.data.missing import Missing, as_numbers, find_gaps
from groundwork.data.normalize import Normalize, center_and_scale, quantile_knots


@dataclass(frozen=True)
class Column:
    """Hold what the model must know of one input column.

    Attributes:
        name: As in the file.
        kind: Whether it is read as numbers or as categories.
        fill: What replaces a gap, in original units (numeric) or as a code (categorical: MISSING keeps
            the slot of its own); None where gaps are refused.
        indicator: Whether the model appends a 0/1 column that tells the gaps.
        center: The model computes (x - center) / scale after filling; numeric only.
        scale: Above 0.
        categories: Known ones; category i has code FIRST + i.
        counts: Training rows by code, that of gaps first; of numbers those without and with a value. Empty in
            runs of the first edition, which did not note it.
        knots: Quantiles of the training values at equal steps, without repeats; numeric only.
        scores: What the knots become with normalize=quantile, in between by straight lines; empty elsewhere.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    fill: float | None
    indicator: bool
    center: float
    scale: float
    categories: tuple[str, ...]
    counts: tuple[int, ...] = ()
    knots: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def only(self) -> float | None:
        """Give the value of a numeric column that had no other in train, which is what a model reads ever after."""
        return self.knots[0] if len(self.knots) == 1 else None


TUPLES = ("categories", "counts", "knots", "scores")  # lists in plain types


@dataclass(frozen=True)
class ColumnStatistics:
    """Hold the columns in the model's order, and what infinite numbers mean."""

    columns: tuple[Column, ...]
    infinite: str

    def state(self) -> dict[str, Any]:
        """Give plain types, for a checkpoint or json."""
        columns = [
            {**asdict(column), **{name: list(getattr(column, name)) for name in TUPLES}}
            for column in self.columns
        ]
        return {"infinite": self.infinite, "columns": columns}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "ColumnStatistics":
        """Read what `state` gave."""
        columns = (
            Column(**{**column, **{name: tuple(column.get(name, ())) for name in TUPLES}})
            for column in state["columns"]
        )
        return cls(tuple(columns), state["infinite"])


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


def encode_columns(inputs: DataFrame, statistics: ColumnStatistics) -> NDArray[np.float64]:
    """Read rows as the model's inputs, by column name: numbers as they are, categories as codes.

    Returns:
        (N, D) float64, NaN for missing numbers, codes for categories. Filling and scaling are the
        model's own work.

    Raises:
        UserError: If a column is absent, or has a gap that the training rows could not have.
    """
    absent = [column.name for column in statistics.columns if column.name not in inputs.columns]
    if absent:
        raise UserError(
            f"the table must have the columns that the model was trained on, but got none named "
            f"{shortlist(absent, 10)}. Add or rename them."
        )
    encoded = np.empty((len(inputs), len(statistics.columns)), dtype=np.float64)
    for number, column in enumerate(statistics.columns):
        if column.kind == "categorical":
            values = category_codes(inputs[column.name], column.categories).astype(np.float64)
            gaps = values == MISSING
        else:
            values = as_numbers(inputs[column.name], statistics.infinite)
            gaps = np.isnan(values)
        if column.fill is None and gaps.any():
            raise UserError(
                f"column {column.name} must have no missing values in this model, but got {int(gaps.sum())}. "
                "Fill them, or train with missing=auto."
            )
        encoded[:, number] = values
    return encoded


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
    return Column(
        name,
        "numeric",
        fill,
        indicator,
        center,
        scale,
        (),
        counts,
        knots,
        scores if method == "quantile" else (),
    )


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
