"""A split -> what its reader should know, in plain lines."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, factorize

from groundwork.core.batch import SPLITS
from groundwork.core.text import shortlist
from groundwork.data.split.keys import SplitKeys, tie_units
from groundwork.data.split.strata import holds_labels

_NAMED = 10


def describe(
    keys: SplitKeys,
    split: NDArray[Any],
    fractions: tuple[float, float, float],
    *,
    stable: bool = False,
    folds: int = 0,
) -> list[str]:
    """Name the sizes that a reader might not expect: kept parts, rare classes, empty parts."""
    sizes = {name: int((split == name).sum()) for name in SPLITS}
    lines = []
    if stable:
        shares = "/".join(f"{sizes[name]}" for name in SPLITS)
        lines.append(f"stable split: added rows move no old row; sizes are only near the shares ({shares})")
    lines += _kept(keys, split, folds)
    lines += _together(keys, split)
    lines += _torn(keys, split)
    lines += [
        f"{name} holds no sample: {len(keys)} rows are too few, or their groups too large, for that share"
        for name, fraction in zip(SPLITS, fractions, strict=True)
        if fraction > 0 and sizes[name] == 0
    ]
    if keys.target is not None and keys.target.ndim == 1:
        lines += _rare(rare_classes(keys, split, fractions), "classes")
    elif holds_labels(keys.target):
        lines += _rare(_rare_labels(keys, split, fractions), "labels")
    return lines


def rare_classes(
    keys: SplitKeys, split: NDArray[Any], fractions: tuple[float, float, float]
) -> list[tuple[str, tuple[int, ...]]]:
    """List the classes that miss a part which should hold samples: name, then rows by split."""
    masks = {_name(keys, int(label)): keys.target == label for label in np.unique(keys.target)}
    return _absent(masks, split, fractions)


def _rare_labels(
    keys: SplitKeys, split: NDArray[Any], fractions: tuple[float, float, float]
) -> list[tuple[str, tuple[int, ...]]]:
    names = keys.classes or [str(number) for number in range(keys.target.shape[1])]
    has = (column == 1 for column in keys.target.T)
    masks = {name: mask for name, mask in zip(names, has, strict=True) if mask.any()}
    return _absent(masks, split, fractions)


def _absent(
    masks: Mapping[str, NDArray[np.bool_]], split: NDArray[Any], fractions: tuple[float, float, float]
) -> list[tuple[str, tuple[int, ...]]]:
    wanted = [number for number, fraction in enumerate(fractions) if fraction > 0]
    found = []
    for label, mask in masks.items():
        counts = tuple(int((split[mask] == name).sum()) for name in SPLITS)
        if any(counts[number] == 0 for number in wanted):
            found.append((label, counts))
    return found


def _rare(rare: list[tuple[str, tuple[int, ...]]], what: str) -> list[str]:
    if not rare:
        return []
    named = shortlist((f"{name} {'/'.join(map(str, counts))}" for name, counts in rare), _NAMED)
    return [f"warning: {what} missing from a part (rows in train/val/test): {named}"]


def _kept(keys: SplitKeys, split: NDArray[Any], folds: int) -> list[str]:
    if keys.official is None or not (keys.official != "").any():
        return []
    has = [name for name in ("val", "test") if (keys.official == name).any()]
    kept = [name for name in has if not (folds and name == "val")]
    lines = [f"official {' and '.join(kept)} kept as published"] if kept else []
    if folds and "val" in has:
        lines.append("official val joins the folds")
    cut = [name for name in ("val", "test") if name not in has and (split == name).any()]
    if cut and not folds:
        lines.append(f"{' and '.join(cut)} cut from the other rows: the data set has no official one")
    return lines


def _together(keys: SplitKeys, split: NDArray[Any]) -> list[str]:
    """Count the samples whose inputs are those of another one, unless an official split tears them apart."""
    if keys.duplicate is None or not len(keys):
        return []
    content = np.asarray(factorize(keys.duplicate)[0])
    table = DataFrame({"content": content, "split": split})
    if keys.target is not None:
        table["target"] = factorize(np.unique(keys.target, axis=0, return_inverse=True)[1].ravel())[0]
    table = table[np.bincount(content)[content] > 1]
    sets = table.groupby("content").nunique()
    if table.empty or (sets["split"] > 1).any():
        return []
    unlike = int((sets["target"] > 1).sum()) if "target" in sets else 0
    targets = f", {unlike:,} of them with different targets" if unlike else ""
    return [
        f"{len(table):,} samples share their inputs with another one ({len(sets):,} sets{targets}): "
        "each set stays in one part"
    ]


def _torn(keys: SplitKeys, split: NDArray[Any]) -> list[str]:
    # Only an official split can tear a unit: published parts are kept even where they overlap.
    unit = tie_units(keys)
    number = np.zeros(len(keys), dtype=np.int64)
    for code, name in enumerate(SPLITS):
        number[split == name] = code
    pairs = np.unique(unit * len(SPLITS) + number)
    torn = np.bincount(pairs // len(SPLITS), minlength=1) > 1
    rows = int(np.asarray(torn)[unit].sum()) if len(keys) else 0
    if rows == 0:
        return []
    return [
        f"warning: {rows} rows share a group or their content across official parts: {int(torn.sum())} cases"
    ]


def _name(keys: SplitKeys, label: int) -> str:
    if label < 0:
        return "(missing)"
    return keys.classes[label] if label < len(keys.classes) else str(label)
