"""What is known of the columns of a table; rows -> the numbers that a model reads."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.core.quantiles import only_value
from groundwork.core.text import shortlist
from groundwork.data.categories import MISSING, category_codes
from groundwork.data.missing import as_numbers


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
        return only_value(self.knots)


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
