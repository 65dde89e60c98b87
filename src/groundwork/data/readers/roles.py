"""Columns of a table -> the parts that they play in samples."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.formats.cells import is_text, label_texts
from groundwork.data.formats.infer import infer_dates
from groundwork.data.labels import group_notes, one_name

AUTO = "auto"  # data.group: near duplicates are tied
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """Name the columns that are no inputs.

    Attributes:
        target: Columns to predict.
        id_column: Unique name of each sample; None leaves it to the reader.
        group: Column whose equal values never span two splits.
        split_column: Column that holds the data set's own split.
        order_column: Column that the chronological split sorts by.
    """

    target: Sequence[str]
    id_column: str | None
    group: str | None
    split_column: str | None
    order_column: str | None

    def __post_init__(self) -> None:
        for key in ("id_column", "group", "split_column", "order_column"):
            name = getattr(self, key)
            # The command line reads 7 as a number.
            object.__setattr__(self, key, None if name is None else str(name))

    def check(self, frame: DataFrame, where: str) -> None:
        """Refuse a table without rows, names of columns that are not there, and one column as two targets."""
        if frame.empty:
            raise UserError(f"{where} must have rows, but has none. Choose another data.table.")
        for key in ("target", "id_column", "group", "split_column", "order_column"):
            require(frame, as_names(getattr(self, key)), key, where)
        if len(set(self.target)) < len(self.target):
            raise UserError(
                f"data.target must name each column once, but got {list(self.target)}. Remove one."
            )

    def never_inputs(self) -> set[str | None]:
        """Return the columns that must not be learned from."""
        return {*self.target, self.id_column, self.group, self.split_column}

    def as_typed(self) -> set[str | None]:
        """Return the columns whose cells are names and keep every character."""
        return {self.id_column, self.group, self.split_column}

    def no_part(self, frame: DataFrame) -> list[str]:
        """Return the columns that are neither target nor say how to split."""
        return [str(name) for name in frame.columns if name not in {*self.never_inputs(), self.order_column}]

    def sample_id(self, frame: DataFrame) -> Series:
        """Return (N,) unique text from `id_column`."""
        column = frame[self.id_column]
        texts = Series(_complete_texts(column, "id_column"), dtype="str")
        twice = texts[texts.duplicated()].unique()
        if len(twice):
            raise UserError(
                f"data.id_column must be unique, but {column.name!r} holds {quoted(twice)} more than once. "
                "Choose another column, or none."
            )
        return texts

    def targets(self, frame: DataFrame) -> DataFrame:
        """Return (N, T) raw targets."""
        return frame[list(self.target)].reset_index(drop=True)

    def groups(self, frame: DataFrame) -> Series | None:
        """Return (N,) text, or None without groups; names that read the same are one, as one person must not be two."""
        if self.group is None:
            return None
        return Series(map(one_name, _complete_texts(frame[self.group], "group")), dtype="str")

    def group_notes(self, frame: DataFrame) -> tuple[str, ...]:
        """Say which names of groups look alike."""
        return () if self.group is None else group_notes(frame[self.group])

    def official(self, frame: DataFrame) -> Series | None:
        """Return (N,) train, val, test, or "" where the data set leaves a row open."""
        if self.split_column is None:
            return None
        texts = [(text or "").strip() for text in label_texts(frame[self.split_column])]
        strange = sorted({text for text in texts if text and text.casefold() not in SPLIT_NAMES})
        if strange:
            raise UserError(
                f"data.split_column must hold train, val or test, but {self.split_column!r} holds "
                f"{quoted(strange)}. Rename them."
            )
        return Series([SPLIT_NAMES.get(text.casefold(), "") for text in texts], dtype="str")

    def order(self, frame: DataFrame) -> Series | None:
        """Return (N,) numbers or moments to sort by."""
        if self.order_column is None:
            return None
        column = frame[self.order_column].reset_index(drop=True)
        _complete_texts(column, "order_column")
        moments = infer_dates(column) if is_text(column) else column
        if moments is None:
            raise UserError(
                f"data.order_column must hold numbers or ISO dates, but {self.order_column!r} holds "
                f"{quoted(column)}. Write them as 2024-02-29."
            )
        return moments


def as_names(names: str | Sequence[str] | None) -> list[str]:
    """Return one name, many or none as a list."""
    if names is None:
        return []
    return [str(names)] if isinstance(names, str | int) else [str(name) for name in names]


def require(frame: DataFrame, names: Sequence[str], key: str, where: str) -> None:
    """Refuse a key that names a column which is not there."""
    for name in names:
        if name not in frame:
            known = [str(column) for column in frame.columns]
            near = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Choose among {quoted(known, 8)}."
            if f"[{name}]" in known:
                hint = f"Brackets make a list: for the column '[{name}]', quote it twice, data.{key}=\"'[{name}]'\"."
            raise UserError(f"data.{key} must name a column, but got {name!r} ({where}). {hint}")


def _complete_texts(column: Series, key: str) -> list[str]:
    """Turn a column without missing values into text."""
    texts = [text or "" for text in label_texts(column)]
    gone = np.flatnonzero([not one_name(text) for text in texts])
    if len(gone):
        raise UserError(
            f"data.{key} must be known for every row, but {column.name!r} misses it in row "
            f"{quoted(gone + 1)}. Fill it in."
        )
    return texts
