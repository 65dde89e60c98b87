"""Targets -> strata: classes and sets of labels as they are, continuous values by quantile bins."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.data.split.keys import SplitKeys, is_alone


def make_strata(keys: SplitKeys, fractions: tuple[float, ...], num_bins: int) -> NDArray[np.int64]:
    """Give each row a stratum: its class, its set of labels, or its quantile bin in every target together.

    Several targets share the rows: each gets as many bins as leave the joint bins large enough to
    reach every part; when not even two each do, only the first targets count.

    Args:
        keys: Their target is what counts; without one all rows are alike.
        fractions: Share of each part; the smallest one above 0 says how many rows a bin needs.
        num_bins: Most bins per target.

    Returns:
        (N,) numbers without meaning beyond being equal or not.
    """
    target = keys.target
    if target is None:
        return np.zeros(len(keys), dtype=np.int64)
    if target.ndim == 1:
        return np.asarray(target, dtype=np.int64)
    if holds_labels(target):
        return np.asarray(np.unique(target, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)
    num_rows, num_targets = target.shape
    smallest = min(fraction for fraction in fractions if fraction > 0)
    room = num_rows // ceil(1 / smallest)
    bins, used = bins_per_target(room, num_targets, num_bins)
    strata = np.zeros(num_rows, dtype=np.int64)
    for column in range(used):
        strata = strata * (bins + 1) + _quantile_bin(target[:, column], bins)
    return strata


def holds_labels(target: Any) -> bool:
    """Tell whether targets are several labels of 0 and 1 (N, T), some of which may be unknown."""
    if target is None or target.ndim == 1 or target.shape[1] < 2:
        return False
    return bool(((target == 0) | (target == 1) | np.isnan(target)).all())


def is_lonely(keys: SplitKeys, strata: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which rows (N,) are the only ones of their class or bin, or of one of their labels."""
    if not holds_labels(keys.target):
        return is_alone(strata)
    has = keys.target == 1
    return np.asarray(has[:, has.sum(axis=0) == 1].any(axis=1))


def bins_per_target(room: int, num_targets: int, num_bins: int) -> tuple[int, int]:
    """Choose (bins per target, targets used) so that bins ** targets stays within room."""
    bins = 1
    while bins < num_bins and (bins + 1) ** num_targets <= room:
        bins += 1
    if bins > 1 or num_bins < 2:
        return bins, num_targets
    return 2, min(num_targets, max(room, 1).bit_length() - 1)


def _quantile_bin(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    # Edges are values of the column itself: interpolating them would round differently by version.
    known = np.sort(values[~np.isnan(values)])
    edges = np.unique(known[[len(known) * i // bins for i in range(1, bins)]]) if len(known) else known
    codes = np.searchsorted(edges, values, side="right")
    codes[np.isnan(values)] = bins
    return codes.astype(np.int64)
