"""Rows with gaps -> which rows stay, and what fills the gaps of each column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, isna, to_numeric

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.text import shortlist

Numeric = Literal["error", "drop", "mean", "median", "most_frequent", "constant"]
Categorical = Literal["error", "drop", "slot", "most_frequent", "constant"]
Gaps = Literal["error", "drop", "mask"]
Infinite = Literal["missing", "error", "keep"]
_NAMED = 10
MASK = ", or mask to let their other targets count"


@dataclass(frozen=True)
class Missing:
    """Choose what happens to missing values; everything fitted is fitted on training rows.

    Args:
        numeric: error, drop (the row), mean, median, most_frequent or constant.
        indicator: Whether numeric columns with gaps in train get a 0/1 column beside them.
        categorical: error, drop, slot (a category of its own), most_frequent or constant.
        target: error, drop (the row), or mask: rows with some target left stay, the gap counts nowhere.
        constant: What `constant` fills in; as text in categorical columns.
        infinite: Whether infinite numbers count as missing, are an error, or are kept.
        columns: Choices for single columns, by name.
    """

    numeric: Numeric
    indicator: bool
    categorical: Categorical
    target: Gaps
    constant: float | str
    infinite: Infinite
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        check_choice("missing.numeric", self.numeric, get_args(Numeric))
        check_choice("missing.categorical", self.categorical, get_args(Categorical))
        check_choice("missing.target", self.target, get_args(Gaps))
        check_choice("missing.infinite", self.infinite, get_args(Infinite))
        object.__setattr__(self, "columns", dict(_flat(self.columns)))
        for name, policy in self.columns.items():
            check_choice(f"missing.columns.{name}", policy, (*get_args(Numeric), "slot"))

    def policy(self, name: str, is_categorical: bool) -> str:
        """Tell the policy of one column."""
        chosen = self.columns.get(name)
        if chosen is None:
            return self.categorical if is_categorical else self.numeric
        check_choice(f"missing.columns.{name}", chosen, get_args(Categorical if is_categorical else Numeric))
        return chosen

    def keep_inputs(self, inputs: DataFrame, categorical: Sequence[str]) -> NDArray[Any]:
        """Tell which rows stay, (N,) bool; all rows of the data are asked, nothing is fitted.

        Raises:
            UserError: If a column must have no gaps and has some, or a named column does not exist.
        """
        for name in self.columns:
            if name not in inputs.columns:
                raise UserError(
                    f"missing.columns must name input columns, but got {name!r}. "
                    f"Choose from {shortlist(inputs.columns, _NAMED)}."
                )
        gaps = {name: find_gaps(inputs[name], name in categorical, self.infinite) for name in inputs.columns}
        policies = {name: self.policy(name, name in categorical) for name in inputs.columns}
        refused = {
            name: int(gap.sum()) for name, gap in gaps.items() if policies[name] == "error" and gap.any()
        }
        if refused:
            named = shortlist((f"{name} ({count})" for name, count in refused.items()), _NAMED)
            raise UserError(
                f"inputs must have no missing values with missing=error, but got some in {named}. "
                "Use missing=auto, or missing=drop."
            )
        keep = np.ones(len(inputs), dtype=bool)
        for name, gap in gaps.items():
            if policies[name] == "drop":
                keep &= ~gap
        return keep

    def keep_target(self, target: DataFrame) -> NDArray[Any]:
        """Tell which rows stay, (N,) bool, judging by their targets.

        Raises:
            UserError: If a target is missing and `missing.target` is error.
        """
        gaps = DataFrame(
            {name: find_gaps(target[name], _is_text(target[name]), "missing") for name in target.columns}
        )
        counts = gaps.sum()
        if self.target == "error" and counts.any():
            named = shortlist((f"{name} ({count})" for name, count in counts[counts > 0].items()), _NAMED)
            raise UserError(
                f"targets must not be missing, but got missing ones in {named} of {len(target)} rows. "
                f"Use missing.target=drop to leave those rows out{MASK if target.shape[1] > 1 else ''}."
            )
        lost = gaps.all(axis=1) if self.target == "mask" else gaps.any(axis=1)
        return np.asarray(~lost, dtype=bool)


def _flat(columns: Mapping[Any, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Name columns as typed: of `missing.columns.2.5=mean` Hydra makes {2: {5: mean}}."""
    for name, policy in columns.items():
        if isinstance(policy, Mapping):
            yield from _flat(policy, f"{start}{name}.")
        else:
            yield f"{start}{name}", policy


def find_gaps(column: Series, is_categorical: bool, infinite: str) -> NDArray[Any]:
    """Tell which values of a column are missing, (N,) bool."""
    if is_categorical:
        return np.asarray(isna(column), dtype=bool)
    return np.asarray(np.isnan(as_numbers(column, infinite)), dtype=bool)


def as_numbers(column: Series, infinite: str) -> NDArray[np.float64]:
    """Read a column as numbers, (N,) float64, NaN where missing.

    Raises:
        UserError: If a value is no number, or is infinite and must not be.
    """
    try:
        values = to_numeric(column).to_numpy(dtype=np.float64, na_value=float("nan"))
    except (TypeError, ValueError):
        raise UserError(
            f"column {column.name} must hold numbers, but got {_first_text(column)!r}. "
            f"Name it in data.categorical or data.drop."
        ) from None
    if infinite == "keep" or not (endless := np.isinf(values)).any():
        return values
    if infinite == "error":
        raise UserError(
            f"column {column.name} must be finite, but got {int(endless.sum())} infinite values. "
            "Use missing.infinite=missing."
        )
    values = values.copy()
    values[endless] = float("nan")
    return values


def gap_notes(inputs: DataFrame, categorical: Sequence[str], infinite: str) -> list[str]:
    """Say in plain lines which columns have missing values, how many, and which have nothing else."""
    counts = {
        name: int(find_gaps(inputs[name], name in categorical, infinite).sum()) for name in inputs.columns
    }
    some = [f"{name} {count}" for name, count in counts.items() if 0 < count < len(inputs)]
    none = [str(name) for name, count in counts.items() if count == len(inputs) > 0]
    lines = [f"missing values of {len(inputs)} rows: {shortlist(some, _NAMED)}"] if some else []
    return lines + ([f"warning: columns without any value: {shortlist(none, _NAMED)}"] if none else [])


def _first_text(column: Series) -> object:
    numbers = to_numeric(column.astype(object), errors="coerce") if _is_text(column) else column
    wrong = column[isna(numbers) & ~isna(column)]
    return wrong.iloc[0] if len(wrong) else str(column.dtype)


def _is_text(column: Series) -> bool:
    return column.dtype.kind not in "biufc"
