"""Rows of a table -> the array that an exported model reads, with numpy alone.

This file is copied beside every exported model of tables as `preprocess.py`. It imports nothing else.
"""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A number that gives its text back: 007 is a name.
DECIMAL = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|-?\.[0-9]+(?:[eE][+-]?[0-9]+)?"
MISSING, UNSEEN, FIRST = 0, 1, 2  # codes of categories; known ones start at FIRST
UTC, DAY = datetime.UTC, datetime.timedelta(days=1)
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS: dict[str, Callable[[datetime.datetime], float | str]] = {
    "days": lambda moment: (moment - datetime.datetime(1970, 1, 1, tzinfo=UTC)) / DAY,
    "year": lambda moment: moment.year,
    "day": lambda moment: moment.day,
    "month": lambda moment: MONTHS[moment.month - 1],
    "weekday": lambda moment: WEEKDAYS[moment.weekday()],
    "hour": lambda moment: f"{moment.hour:02d} h",
}


def encode_rows(rows: Iterable[Mapping[str, Any]], preprocessing: dict[str, Any]) -> NDArray[np.float64]:
    """Read rows, column name -> value or text, as `preprocessing.json` says: (N, D) float64.

    Numbers stay as they are, NaN where missing; categories become codes; dates, such as 2024-02-29T12:30+01:00, days
    since 1970 and parts in UTC, which are columns of their own. The model fills and scales.

    Raises:
        KeyError: If a row lacks a column.
        ValueError: If a number is no number, a date no date, or one missing where the model knows no missing ones.
    """
    columns = preprocessing["columns"]
    encoded = [
        [_encode(_cell(row, column, preprocessing), column, preprocessing) for column in columns]
        for row in rows
    ]
    return np.array(encoded, dtype=np.float64).reshape(-1, len(columns))


def _encode(value: Any, column: dict[str, Any], preprocessing: dict[str, Any]) -> float:
    gone = _is_gone(value)
    if column["kind"] == "categorical":
        number = (
            float(MISSING) if gone else _code(value, column["categories"], preprocessing["missing_words"])
        )
        gone = number == MISSING
    else:
        gone = gone or (isinstance(value, str) and value in preprocessing["missing_words"])
        number = math.nan if gone else _number(value, column["name"], preprocessing["infinite"])
        gone = math.isnan(number)
    if gone and not column["may_be_missing"]:
        raise ValueError(f"column {column['name']} must have no missing values in this model")
    return number


def _is_gone(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _cell(row: Mapping[str, Any], column: dict[str, Any], preprocessing: dict[str, Any]) -> Any:
    """Give the value of a column; of one that is made from dates, the part of that date."""
    date = column.get("date", {"column": column["name"], "part": None})
    value = row[date["column"]]
    if date["part"] is None or _is_gone(value):
        return value
    if isinstance(value, str) and value in preprocessing["missing_words"]:
        return None
    return PARTS[date["part"]](_moment(value, date["column"]))


def _moment(value: Any, name: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"column {name} must hold dates such as 2024-02-29, but holds {value!r}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(value: Any, name: str, infinite: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"column {name} must hold numbers, but holds {value!r}") from None
    if math.isinf(number) and infinite == "error":
        raise ValueError(f"column {name} must be finite")
    return math.nan if math.isinf(number) and infinite == "missing" else number


def _code(value: Any, categories: list[str], missing_words: list[str]) -> float:
    """Find a category by its text, or by its value: a file may write the number 2.5 as 2.50, and True as true."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if text in categories:
        return float(FIRST + categories.index(text))
    values = [_value(category) for category in categories]
    if text in missing_words and all(isinstance(each, float | bool) for each in values):
        return float(MISSING)
    same = [
        place
        for place, each in enumerate(values)
        if each == _value(text) and type(each) is type(_value(text))
    ]
    return float(FIRST + same[0]) if len(same) == 1 else float(UNSEEN)


def _value(text: str) -> float | bool | str:
    if text.lower() in ("true", "false") and text in (text.lower(), text.upper(), text.capitalize()):
        return text.lower() == "true"
    return float(text) if re.fullmatch(DECIMAL, text) and len(text) < 16 else text
