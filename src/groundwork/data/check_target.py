"""Target columns -> one line for each that nothing can be learned of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pandas import DataFrame, Series
from pandas.api import types

from groundwork.core.batch import TaskName
from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.classes import is_number
from groundwork.data.formats.cells import label_texts
from groundwork.data.formats.written import other_words

STEPS = 1000  # of float64 that a standard deviation must have


def check_columns(target: DataFrame, task: TaskName | None) -> None:
    """Refuse targets that no task can learn."""
    if target.shape[1] == 0:
        raise UserError(
            "data.target must name a column, but got none. Add data.target=NAME, or for a column called null "
            "data.target=\"'null'\"."
        )
    for name, column in target.items():
        if column.isna().all():
            raise UserError(
                f"target {name!r} must hold values, but all are missing. Choose another data.target."
            )
        if types.is_datetime64_any_dtype(column):
            raise UserError(
                f"target {name!r} must be numbers or classes, but holds dates. Add a column of numbers."
            )
    if target.shape[1] > 1 and task == "classification":
        raise UserError(
            f"classification must have one target, but got {quoted(target.columns)}. Name one with "
            "data.target, or choose task=multilabel for columns of 0 and 1."
        )


def check_names(target: DataFrame) -> None:
    """Refuse numbers with a few words among them, which would be taken for names of classes."""
    for name, column in target.items():
        said, remedy = other_words(column)
        if said:
            raise UserError(
                f"target {name!r} must be numbers or names of classes, but {said}. {remedy}, or choose "
                "task=classification, or another data.target and data.drop."
            )


def check_repeats(column: Series, classes: Sequence[str], few: int) -> None:
    """Refuse as classes what hardly ever repeats: nothing can be learned of them."""
    counts = Series(label_texts(column), dtype="str").value_counts()
    single = int((counts == 1).sum())
    if len(classes) > few and single > len(classes) / 2:
        raise UserError(
            f"classification must have classes that repeat, but {single:,} of the {len(classes):,} classes of "
            f"{column.name!r}, such as {quoted(counts.index[counts == 1])}, have one sample. Choose another "
            "data.target, or task=regression for numbers."
        )


def check_digits(column: Series, what: str) -> None:
    """Refuse numbers so large that float64 rounds away what tells them apart."""
    if not is_number(column):
        return
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = values[np.isfinite(values)]
    top = np.abs(values).max(initial=0.0)
    step = float(np.spacing(top))
    if top == 0 or (values / top).std() > 1e6 * step / top:  # far from it, whatever their last digits are
        return
    present = column.dropna()
    first = present.iloc[0]
    spread = float(np.std([float(value - first) for value in present.astype(object) if np.isfinite(value)]))
    if 0 < spread < step * STEPS:
        raise UserError(
            f"{what} must differ by more than rounding, but its values near {values[0]:.3g} are kept in steps of "
            f"{step:.3g} and spread by {spread:.3g}. Subtract a number from all of them."
        )


def check_values(target: DataFrame) -> None:
    """Refuse what is no finite number, or too large to be told apart."""
    for name, column in target.items():
        if not is_number(column):
            raise UserError(
                f"regression must have numbers as target, but {name!r} holds "
                f"{quoted(column.dropna().unique())}. "
                "Choose task=classification, or another data.target."
            )
        values = column.astype("float64").to_numpy()
        beyond = np.flatnonzero(
            np.abs(np.nan_to_num(values, nan=0.0, posinf=np.inf)) > np.finfo(np.float32).max
        )
        if len(beyond):
            raise UserError(
                f"target {name!r} must be finite and below 3.4e38, but row {beyond[0] + 1} holds "
                f"{values[beyond[0]]}. "
                "Correct it, or leave the cell empty."
            )
        check_digits(column, f"target {name!r}")
