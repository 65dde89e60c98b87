"""Raw target columns -> one column of 0 and 1 per label, for several labels per sample."""

from __future__ import annotations

import re

import numpy as np
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.classes import is_number, natural_key
from groundwork.data.formats.cells import is_text, label_texts
from groundwork.data.labels import case_notes, one_name

LIST = re.compile(r"\s*\[.*\]\s*", re.DOTALL)
FLAGS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}


def label_columns(target: DataFrame, separator: str | None) -> DataFrame:
    """Give one column per label, float64: 1 where a sample has it, 0 where not, NaN where that is unknown.

    Args:
        target: (N, T) columns of 0 and 1; or one column of names.
        separator: Between the names of one cell; None where there are columns of 0 and 1. An empty cell is unknown; the
            separator alone says that a sample has no label. Lists such as `["a", "b"]` are read, too.

    Raises:
        UserError: If the columns hold anything else, or fewer than two labels.
    """
    found = _flags(target) if separator is None else _names(target, separator)
    if found.shape[1] < 2:
        raise UserError(
            f"task=multilabel must have two labels or more, but got {quoted(found.columns)}. Name several columns with "
            f"data.target=[A,B], or a column of names beside data.label_separator; for one label use "
            f"task=classification."
        )
    return found


def column_notes(found: DataFrame) -> tuple[str, ...]:
    """Name the labels of which nothing can be learned, as all samples agree on them, and those that look alike."""
    alike = [name for name, column in found.items() if column.nunique() < 2]
    notes = [f"labels that are the same in every sample teach nothing: {quoted(alike)}"] if alike else []
    return (*notes, *case_notes("labels", found.columns))


def _flags(target: DataFrame) -> DataFrame:
    found = {}
    for name, column in target.items():
        texts = [None if text is None else text.strip().casefold() for text in label_texts(column)]
        if strange := sorted({text for text in texts if text is not None and text not in FLAGS}):
            raise UserError(
                f"a label must be 0 or 1, but {name!r} holds {quoted(strange)}. Choose other columns, or for a column "
                f"of names give data.label_separator=';'."
            )
        found[str(name)] = [np.nan if text is None else FLAGS[text] for text in texts]
    return DataFrame(found, index=target.index, dtype=np.float64)


def _names(target: DataFrame, separator: str) -> DataFrame:
    column = target.iloc[:, 0]
    if target.shape[1] == 1 and separator and is_number(column):
        raise UserError(
            f"data.label_separator={separator!r} must go with a column of text, but the cells of {column.name!r} are "
            'read as numbers. Add data.decimal="." data.thousands=null, or write a separator after each last name.'
        )
    if target.shape[1] > 1 or not is_text(column) or not separator:
        raise UserError(
            f"data.label_separator={separator!r} must go with one target that is a column of text, but got "
            f"{quoted(target.columns)}. Name that column alone with data.target."
        )
    texts = label_texts(column)
    if all(text is None or LIST.fullmatch(text) for text in texts):  # as Python and JSON write several names
        texts = [text if text is None else _bare(text, separator) for text in texts]
    cells = [None if text is None else _parts(text, separator) for text in texts]
    names = sorted(set().union(*(cell for cell in cells if cell is not None)), key=natural_key)
    unknown = Series([cell is None for cell in cells], index=target.index)
    has = DataFrame({name: [name in (cell or ()) for cell in cells] for name in names}, index=target.index)
    return has.astype(np.float64).mask(unknown)


def _bare(text: str, separator: str) -> str:
    """Take the brackets around a list away, and the quotes around each of its names."""
    return separator.join(part.strip().strip("'\"") for part in text.strip()[1:-1].split(separator))


def _parts(text: str, separator: str) -> set[str]:
    """Take the names of a cell apart; an empty part, as behind a last separator, names nothing."""
    return {name for part in text.split(separator) if (name := one_name(part))}
