"""Training rows of a table -> statistics by column; any rows -> the numbers that a model reads."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Index, Series, isna

from groundwork.core.errors import UserError
from groundwork.core.text import shortlist
from groundwork.data.formats.infer import BOOLEANS, DECIMAL, MISSING_WORDS
from groundwork.data.missing import Missing, as_numbers, find_gaps
from groundwork.data.normalize import Normalize, center_and_scale

MISSING, UNSEEN, FIRST = 0, 1, 2  # codes of a categorical column; known categories start at FIRST


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
    """

    name: str
    kind: Literal["numeric", "categorical"]
    fill: float | None
    indicator: bool
    center: float
    scale: float
    categories: tuple[str, ...]


@dataclass(frozen=True)
class ColumnStatistics:
    """Hold the columns in the model's order, and what infinite numbers mean."""

    columns: tuple[Column, ...]
    infinite: str

    def state(self) -> dict[str, Any]:
        """Give plain types, for a checkpoint or json."""
        columns = [{**asdict(column), "categories": list(column.categories)} for column in self.columns]
        return {"infinite": self.infinite, "columns": columns}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "ColumnStatistics":
        """Read what `state` gave."""
        columns = (
            Column(**{**column, "categories": tuple(column["categories"])}) for column in state["columns"]
        )
        return cls(tuple(columns), state["infinite"])


def fit_columns(
    inputs: DataFrame, categorical: Sequence[str], missing: Missing, normalize: Normalize
) -> ColumnStatistics:
    """Measure each column on training rows: center and scale those of the filled column.

    Args:
        inputs: Training rows only, without those that `missing` drops.
        categorical: Columns read as categories.
        missing: What fills gaps.
        normalize: How numbers are brought to one range.
    """
    if not len(inputs):
        raise UserError("train must hold at least one row, but got none. Check split.fractions and missing.")
    method = normalize.for_tables()
    columns = [
        _fit_categories(inputs[name], missing)
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
            values = _codes(inputs[column.name], column.categories).astype(np.float64)
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


def category_text(column: Series) -> Series:
    """Name categories alike in every file: 1, 1.0 and "1" are "1"; missing ones stay missing."""
    if column.dtype.kind == "f":
        return column.map(_whole_text, na_action="ignore").astype(object)
    if column.dtype.kind in "iub":
        return column.astype(str).astype(object)
    return column.astype(object).map(_whole_text, na_action="ignore")


def _whole_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _fit_numbers(column: Series, missing: Missing, method: str) -> Column:
    name = str(column.name)
    values = as_numbers(column, missing.infinite)
    gaps = np.isnan(values)
    fill = _fill_value(values, missing.policy(name, False), missing.constant, name)
    center, scale = center_and_scale(np.where(gaps, 0.0 if fill is None else fill, values), method)
    indicator = bool(missing.indicator and fill is not None and gaps.any())
    return Column(name, "numeric", fill, indicator, center, scale, ())


def _fit_categories(column: Series, missing: Missing) -> Column:
    name = str(column.name)
    policy = missing.policy(name, True)
    text = category_text(column)
    counts = text[~find_gaps(text, True, missing.infinite)].value_counts()
    known = sorted(counts.index)
    fill: float | None = float(MISSING)
    if policy in ("error", "drop"):
        fill = None
    elif policy == "constant":
        known = sorted({*known, str(missing.constant)})
        fill = float(FIRST + known.index(str(missing.constant)))
    elif policy == "most_frequent" and known:
        fill = float(FIRST + known.index(min(counts.index[counts == counts.max()])))
    return Column(name, "categorical", fill, False, 0.0, 1.0, tuple(known))


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


def _codes(column: Series, categories: tuple[str, ...]) -> NDArray[np.int64]:
    text = category_text(column)
    place = Index(list(categories), dtype=object).get_indexer(Index(text, dtype=object))
    gone = np.array(isna(text))
    if (unknown := (place < 0) & ~gone).any():
        # What type a file gives to a column depends on its other rows: 2.50 is text beside words, else 2.5.
        valued = _by_value(categories)
        numbers = len(valued) == len(categories) and all(isinstance(value, float | bool) for value in valued)
        values = text[unknown]
        place[unknown] = [valued.get(_value(value), -1) for value in values]
        gone[unknown] = numbers & values.isin(list(MISSING_WORDS)).to_numpy()
    # An unknown one has place -1 and so the code UNSEEN.
    return np.asarray(np.where(gone, MISSING, place + FIRST), dtype=np.int64)


def _by_value(categories: tuple[str, ...]) -> dict[object, int]:
    """Give the place of each category by its value; none where two are equal, such as 2.5 and 2.50."""
    values = [_value(category) for category in categories]
    return {value: place for place, value in enumerate(values) if values.count(value) == 1}


def _value(text: str) -> float | bool | str:
    """Read a number or a truth value, whose texts are many, from a category."""
    if text in BOOLEANS:
        return BOOLEANS[text]
    return float(text) if re.fullmatch(DECIMAL, text) and len(text) < 16 else text
