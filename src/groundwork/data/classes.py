"""A target column -> its classes, in order, and the class of each row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pandas import Series
from pandas.api import types

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.formats.cells import label_texts
from groundwork.data.labels import one_name


def natural_key(name: str) -> tuple[Any, ...]:
    """Order names as people do: numbers by value (-1, 2, 10), text with its digits by value (a2, a10)."""
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", name):
        return (0, float(name), name)
    parts = re.split(r"([0-9]+)", name.casefold())
    return (1, tuple((int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)), name)


def is_number(column: Series) -> bool:
    """Tell whether a column holds numbers; booleans are names of two classes."""
    return types.is_numeric_dtype(column) and not types.is_bool_dtype(column)


def choose_classes(
    column: Series,
    positive_class: str | None,
    positive_above: float | None,
    classes: Sequence[str] | None,
) -> tuple[str, ...]:
    """Return the classes in order; every one is there at least once."""
    named = None if classes is None else tuple(one_name(str(name)) for name in classes)
    if named is not None and len(set(named)) != len(named):
        raise UserError(f"data.classes must differ from each other, but got {list(named)}. Rename one.")
    if positive_above is not None:
        named = _two_sides(column, positive_class, positive_above, named)
    elif is_number(column) and not (column.dropna().astype("float64") % 1 == 0).all():
        raise UserError(
            f"classification must have classes as target, but {column.name!r} holds decimal numbers. "
            "Choose task=regression, or cut it in two with data.positive_above=NUMBER."
        )
    labels = {label for label in class_labels(column, positive_above, named or ()) if label is not None}
    if named is not None and (strange := sorted(labels.symmetric_difference(named), key=natural_key)):
        raise UserError(
            f"data.classes must be the classes of {column.name!r}, but {quoted(strange)} is only in one of "
            "the two. Correct data.classes."
        )
    found = named or tuple(sorted(labels, key=natural_key))
    if len(found) < 2:
        raise UserError(
            f"classification must have two classes or more, but {column.name!r} holds {quoted(found)} only."
        )
    return found if positive_class is None else _positive_last(found, one_name(str(positive_class)))


def _two_sides(
    column: Series, positive_class: str | None, positive_above: float, named: tuple[str, ...] | None
) -> tuple[str, ...]:
    if not is_number(column):
        raise UserError(f"data.positive_above must cut numbers, but {column.name!r} holds names. Remove it.")
    named = named or (f"<={positive_above:g}", f">{positive_above:g}")
    if len(named) != 2:
        raise UserError(
            f"data.classes must name two classes beside data.positive_above, but got {list(named)}."
        )
    if positive_class not in (None, named[1]):
        raise UserError(
            f"data.positive_class must be {named[1]!r}, the class above data.positive_above, "
            f"but got {positive_class!r}. Remove it."
        )
    return named


def _positive_last(classes: tuple[str, ...], positive: str) -> tuple[str, ...]:
    if positive not in classes:
        raise UserError(
            f"data.positive_class must be one of {quoted(classes)}, but got {positive!r}. Correct it."
        )
    if len(classes) != 2:
        raise UserError(
            f"data.positive_class must choose between two classes, but there are {len(classes)}. Remove it."
        )
    return (*(name for name in classes if name != positive), positive)


def class_labels(column: Series, positive_above: float | None, classes: Sequence[str]) -> list[str | None]:
    """Return the name of each row's class, None where it is missing.

    Labels that nobody can tell apart are one class: spaces around them and the form of an accent do not count, except
    where a name of `classes` has them, as those of the first edition may.
    """
    if positive_above is None:
        kept = set(classes)
        return [
            label if label is None or label in kept else one_name(label) or label
            for label in label_texts(column)
        ]
    above = (column.astype("float64") > positive_above).tolist()
    return [None if gone else classes[int(high)] for high, gone in zip(above, column.isna(), strict=True)]
