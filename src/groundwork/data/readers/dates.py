"""A column of dates -> the numbers and categories that models learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice

# Those that begin again are categories: December lies as near to January as to November.
CATEGORIES: dict[str, Callable[[Series], Series]] = {
    "month": lambda moments: moments.dt.month_name(),
    "weekday": lambda moments: moments.dt.day_name(),
    "hour": lambda moments: moments.dt.hour.map("{:02.0f} h".format, na_action="ignore"),
}
NUMBERS: dict[str, Callable[[Series], Series]] = {
    "year": lambda moments: moments.dt.year,
    "day": lambda moments: moments.dt.day,
}


def split_dates(column: Series, parts: Sequence[str]) -> dict[str, Series]:
    """Turn dates (N,) into days since 1970, float64 under the name of the column, and parts under `column part`.

    Args:
        column: Dates with or without a zone; those with one are read in UTC.
        parts: Of CATEGORIES, which become text, and of NUMBERS, float64.
    """
    moments = pd.to_datetime(column, utc=True).reset_index(drop=True)
    name = str(column.name)
    per_day = pd.Timedelta(days=1) / pd.Timedelta(1, unit=moments.dt.unit)
    # Not by a difference to 1970, for which pandas counts nanoseconds: they end in 2262.
    ticks = moments.astype("int64").where(moments.notna())
    found: dict[str, Series] = {name: (ticks / per_day).astype("float64").rename(name)}
    for part, named in zip(parts, part_names(name, parts), strict=True):
        if part in CATEGORIES:
            found[named] = CATEGORIES[part](moments).astype("str")
        else:
            found[named] = NUMBERS[part](moments).astype("float64")
    return found


def part_names(column: str, parts: Sequence[str]) -> list[str]:
    """Name the inputs that are parts of a column of dates."""
    return [f"{column} {part}" for part in parts]


def dates_among(frame: DataFrame) -> list[str]:
    """Name the columns that hold dates."""
    return [str(name) for name in frame.select_dtypes(["datetime", "datetimetz"]).columns]


def check_names(parts: Sequence[str]) -> None:
    """Refuse parts that dates don't have."""
    for part in parts:
        check_choice("data.date_parts", part, (*NUMBERS, *CATEGORIES))


def check_parts(parts: Sequence[str], frame: DataFrame, dates: Sequence[str], where: str) -> None:
    """Refuse parts that dates don't have, that no input has, or whose names are taken.

    Args:
        frame: The whole table.
        dates: Inputs that hold dates.
    """
    check_names(parts)
    if parts and not dates:
        raise UserError(
            f"data.date_parts must go with an input that holds dates, but none of {where} does. Write dates as "
            "2024-02-29, or set data.date_parts=[]."
        )
    if taken := [name for date in dates for name in part_names(date, parts) if name in frame]:
        raise UserError(
            f"data.date_parts must give names that are new, but {where} has a column {taken[0]!r}. Rename that."
        )
