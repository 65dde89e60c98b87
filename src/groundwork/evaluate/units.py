"""Units of numbers in training, such as "%", and dates -> the same in new rows, or an error or a note."""

from collections.abc import Iterable, Mapping

import pandas as pd
from pandas import DataFrame, Series

from groundwork.core.errors import UserError

DATE = "date"  # where numbers have a unit


def check_units(
    rows: DataFrame, then: Mapping[str, str], now: Mapping[str, str], where: str
) -> tuple[str, ...]:
    """Refuse dates in place of numbers and numbers in place of dates; return a line on each unit that is another one.

    Args:
        rows: Columns that the model reads as numbers, with at least the columns of `now`.
        then: Unit of each column in training, `DATE` for dates; none where there was none.
        now: The same of the rows.
        where: What holds them.
    """
    notes = []
    for name in map(str, rows):
        present, (old, new) = rows[name].dropna(), (then.get(name, ""), now.get(name, ""))
        if old == new or present.empty:
            continue
        if DATE in (old, new):
            kind, how = ("dates", "Write them as 2024-02-29.") if old == DATE else ("numbers", "Mend it.")
            first = present.iloc[0]
            shown = str(first.date()) if isinstance(first, pd.Timestamp) else first
            raise UserError(
                f"column {name} must hold {kind}, as in training, but holds {shown} ({where}). {how}"
            )
        notes.append(
            f"column {name!r} held numbers {_named(old)} in training, and holds numbers {_named(new)} here: taken as "
            "they are"
        )
    return tuple(notes)


def refuse_texts(columns: DataFrame, names: Iterable[str], then: Mapping[str, str], where: str) -> None:
    """Refuse text where training had numbers or dates, by the first cell that is neither."""
    for name in names:
        kind = "dates" if then.get(name) == DATE else "numbers"
        found = _first_text(columns[name].dropna())
        how = "Write them as 2024-02-29." if kind == "dates" else "Mend it."
        raise UserError(
            f"column {name} must hold {kind}, as in training, but holds {found!r} ({where}). {how}"
        )


def _first_text(present: Series) -> str:
    words = present[pd.to_numeric(present, errors="coerce").isna()]
    return str((words if len(words) else present).iloc[0])


def _named(unit: str) -> str:
    return f"in {unit}" if unit else "without a unit"
