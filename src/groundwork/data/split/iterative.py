"""Sets of labels -> parts, each label in the same shares, in whole numbers only, so that every machine agrees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.data.split.keys import first_key
from groundwork.data.split.shares import whole_weights

Counts = NDArray[np.int64]


def draw_label_parts(
    labels: NDArray[np.float64], unit: Counts, key: NDArray[np.uint64], fractions: Sequence[float]
) -> Counts:
    """Give each row a part by iterative stratification; units stay whole.

    The label with the fewest units left is dealt first. Each of its units goes to the part that lacks that label most,
    of equals to the one that lacks rows most, of those to the one that the unit's hash points at; what the part
    lacks of every label of the unit shrinks. Units without any label fill the parts up.

    Args:
        labels: (N, T) of 0 and 1, NaN where unknown, which counts as neither.
        unit: (N,) unit of each row.
        key: (N,) hash of each row: the order in which rows are dealt.
        fractions: (P,) share of each part.

    Returns:
        (N,) number of the part.

    Source:
        Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011, algorithm 1.
    """
    number = np.unique(unit, return_inverse=True)[1]
    has = np.zeros((int(number.max(initial=-1)) + 1, labels.shape[1]), dtype=np.int64)
    np.add.at(has, number, (labels == 1).astype(np.int64))
    size, first = np.bincount(number, minlength=len(has)), first_key(key, number)
    weights = np.array(whole_weights(fractions), dtype=np.int64)
    lacks = has.sum(axis=0)[:, None] * weights  # (T, P), in billionths of a row
    lacks_rows = size.sum() * weights
    part, left = np.full(len(has), -1, dtype=np.int64), np.count_nonzero(has, axis=0)
    parts = np.flatnonzero(weights > 0)
    scale = int(weights.sum())

    def give(one: int, wanted: Counts) -> None:
        best = parts[np.lexsort((_turn(first[one], parts), -lacks_rows[parts], -wanted[parts]))[0]]
        part[one] = best
        lacks[:, best] -= has[one] * scale
        lacks_rows[best] -= size[one] * scale

    while left.any():
        rarest = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        units = np.flatnonzero((has[:, rarest] > 0) & (part < 0))
        for one in units[np.lexsort((first[units], -has[units, rarest]))]:
            give(one, lacks[rarest])
        left -= np.count_nonzero(has[units], axis=0)
    bare = np.flatnonzero(part < 0)
    for one in bare[np.lexsort((first[bare], -size[bare]))]:
        give(one, lacks_rows)
    return part[number]


def _turn(key: np.uint64, parts: Counts) -> Counts:
    """Order the parts by chance, another order for each hash."""
    return np.asarray((parts + int(key) % len(parts)) % len(parts))
