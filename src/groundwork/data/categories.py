"""A column of categories -> their texts, the same in every file, and the codes that a model reads."""

import re

import numpy as np
from numpy.typing import NDArray
from pandas import Index, Series, isna

from groundwork.data.formats.infer import BOOLEANS, DECIMAL, MISSING_WORDS

MISSING, UNSEEN, FIRST = 0, 1, 2  # codes of a categorical column; known categories start at FIRST


def category_text(column: Series) -> Series:
    """Name categories alike in every file: 1, 1.0 and "1" are "1"; missing ones stay missing."""
    if column.dtype.kind == "f":
        return column.map(_whole_text, na_action="ignore").astype(object)
    if column.dtype.kind in "iub":
        return column.astype(str).astype(object)
    return column.astype(object).map(_whole_text, na_action="ignore")


def _whole_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def category_codes(column: Series, categories: tuple[str, ...]) -> NDArray[np.int64]:
    """Give the code of each cell, (N,): that of its category, MISSING or UNSEEN."""
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
