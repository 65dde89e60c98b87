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
            first = present.iloc[0]
            raise _refusal(name, old, str(first.date()) if isinstance(first, pd.Timestamp) else first, where)
        notes.append(
            f"column {name!r} held numbers {_named(old)} in training, and holds numbers {_named(new)} here: taken as "
            "they are"
        )
    return tuple(notes)


def refuse_texts(columns: DataFrame, names: Iterable[str], then: Mapping[str, str], where: str) -> None:
    """Refuse text where training had numbers or dates, by the first cell that is neither."""
    for name in names:
        raise _refusal(name, then.get(name, ""), repr(_first_text(columns[name].dropna())), where)


def _refusal(name: str, unit: str, shown: object, where: str) -> UserError:
    kind, how = ("dates", "Write them as 2024-02-29.") if unit == DATE else ("numbers", "Mend it.")
    return UserError(f"column {name} must hold {kind}, as in training, but holds {shown} ({where}). {how}")


def _first_text(present: Series) -> str:
    words = present[pd.to_numeric(present, errors="coerce").isna()]
    return str((words if len(words) else present).iloc[0])


def _named(unit: str) -> str:
    return f"in {unit}" if unit else "without a unit"
