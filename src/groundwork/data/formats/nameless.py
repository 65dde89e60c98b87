"""Columns without a name, as pandas and R write their row numbers -> left out, or named as pandas names them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas import Series

from groundwork.core.errors import UserError


def name_nameless(
    names: Sequence[str], columns: Sequence[Series]
) -> tuple[list[str], list[Series], list[str]]:
    """Leave out row numbers and empty columns without a name; name others at the start `Unnamed: 0`.

    Row numbers are no part of the table: a model that reads them learns the order of the file. Columns without a
    name further right keep none, which `check_names` refuses.

    Returns:
        Names, columns, and one note for each column that is left out.
    """
    kept_names: list[str] = []
    kept: list[Series] = []
    notes: list[str] = []
    leading = len(names) > 1  # a table of nothing but row numbers keeps them
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        leading = leading and name == ""
        if name == "" and len(names) > 1:
            if leading and is_row_numbers(column):
                notes.append(f"column {place + 1} has no name and counts the rows: left out")
                continue
            if len(column) and column.isna().all():
                notes.append(f"column {place + 1} has neither name nor values: left out")
                continue
        kept_names.append(_free_name(f"Unnamed: {place}", names) if leading else name)
        kept.append(column)
    return kept_names, kept, notes


def check_title(names: Sequence[str], where: str) -> None:
    """Refuse a first row that is a title above the names, as spreadsheets and instruments write it."""
    named = [name for name in names if name.strip()]
    if len(names) > 2 and len(named) == 1:
        raise UserError(
            f"{where} must start with the names of its {len(names)} columns, but the first row holds {named[0]!r} "
            "alone. Remove the lines above the names."
        )


def is_row_numbers(column: Series, start: float | None = None) -> bool:
    """Tell whether a column holds N whole numbers in a row, in any order, from 0, 1 or `start` on."""
    try:
        numbers = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return False
    first = numbers.min() if len(numbers) else 0.0
    return bool(
        first in (0.0, 1.0, start) and np.array_equal(np.sort(numbers), first + np.arange(len(numbers)))
    )


def _free_name(name: str, names: Sequence[str]) -> str:
    tried, number = name, 0
    while tried in names:
        number += 1
        tried = f"{name}.{number}"
    return tried
