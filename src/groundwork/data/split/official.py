"""What the data set itself says -> parts that are kept, and the pool that the others are cut from."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import SPLITS
from groundwork.core.errors import UserError
from groundwork.data.split.keys import SplitKeys, tie_units

Parts = NDArray[np.int64]
Draw = Callable[[SplitKeys, Parts, tuple[float, ...]], Parts]
_TRAIN, _VAL, _TEST = 0, 1, 2
_FREE = -1


def take(keys: SplitKeys, rows: Parts) -> SplitKeys:
    """Keep some rows of the keys."""
    arrays = {
        name: None if (value := getattr(keys, name)) is None else value[rows]
        for name in ("sample_id", "target", "group", "duplicate", "order", "official")
    }
    return SplitKeys(**arrays, classes=keys.classes)


def keep_official(keys: SplitKeys, draw: Draw, fractions: tuple[float, float, float]) -> NDArray[Any]:
    """Keep official val and test rows and cut only the parts that the data set does not have.

    Rows without an official part follow their group or duplicates into an official one; official
    train rows stay in train even then, and the notes count them.
    """
    unit = tie_units(keys)
    part = _official_parts(keys)
    if not (part != _FREE).any():
        return named(draw(keys, unit, fractions))
    official_train = part == _TRAIN
    tied = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(tied, unit, part)
    followed = tied[unit]
    part = np.where(part == _FREE, np.where(followed > _TRAIN, followed, _FREE), part)
    missing = [
        p for p in (_VAL, _TEST) if not (np.asarray(keys.official) == SPLITS[p]).any() and fractions[p] > 0
    ]
    # Rows that share their inputs with the published test are cut, too: without them val may be empty, or odd.
    pool = ((part == _FREE) | official_train).nonzero()[0]
    part[part == _FREE] = _TRAIN
    if missing and len(pool):
        parts = [_TRAIN, *missing]
        total = sum(fractions[p] for p in parts)
        shares = tuple(fractions[p] / total for p in parts)
        part[pool] = np.array(parts)[draw(take(keys, pool), unit[pool], shares)]
    return named(part)


def _official_parts(keys: SplitKeys) -> Parts:
    part = np.full(len(keys), _FREE, dtype=np.int64)
    if keys.official is None:
        return part
    for number, name in enumerate(SPLITS):
        part[keys.official == name] = number
    unknown = (part == _FREE) & (keys.official != "")
    if unknown.any():
        raise UserError(
            f"data.split_column must hold train, val, test or nothing, but got "
            f"{str(keys.official[unknown][0])!r}. Rename its values."
        )
    return part


def official_remedy(keys: SplitKeys, name: str) -> str:
    """Say how a data set comes to have an official part that it lacks."""
    if keys.official is None or not (keys.official != "").any():
        return "Name data.split_column, use train/test subfolders, or choose split=stratified."
    parts = ", ".join(f"{count} {part}" for part in SPLITS if (count := int((keys.official == part).sum())))
    return f"The data set marks {parts}: mark {name} rows, too, or choose split=stratified."


def named(part: Parts) -> NDArray[Any]:
    """Turn part numbers into names of SPLITS, (N,) str."""
    return np.asarray(SPLITS)[part]
