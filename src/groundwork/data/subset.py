"""Training rows -> a nested part of them that resembles the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.data.split.keys import SplitKeys, first_key, keyed_hash, tie_units
from groundwork.data.split.strata import make_strata

_SMALLEST_SHARE = 0.1  # of a bin that a subset should still reach: 10 rows per quantile bin


@dataclass(frozen=True)
class AllRows:
    """Train on every training row."""

    def rows(self, sample_id: Any, target: Any, group: Any, seed: int) -> NDArray[np.int64]:
        """Give the positions to train on, (M,) ascending."""
        return np.arange(len(sample_id))


@dataclass(frozen=True)
class StratifiedSubset:
    """Train on a part in which each class, or quantile bin, keeps its share and groups stay whole.

    All rows stand in one order, drawn by keyed hashes, in which every class is spread evenly; a
    subset is its beginning. So smaller ones lie inside larger ones, whatever the order of the file.
    Each class comes at least once before any comes twice, as far as the size allows.

    Args:
        fraction: Share of the training rows, above 0 and up to 1.
        size: Number of training rows, in the place of `fraction`; None for that. With groups, up to one group fewer.
        num_bins: Most quantile bins per continuous target.
    """

    fraction: float
    size: int | None
    num_bins: int

    def __post_init__(self) -> None:
        check_range("subset.fraction", self.fraction, "(0, 1]")
        if self.size is not None:
            check_range("subset.size", self.size, "[1, inf)")

    def rows(self, sample_id: Any, target: Any, group: Any, seed: int) -> NDArray[np.int64]:
        """Give the positions to train on, (M,) ascending.

        Args:
            sample_id: (N,) of the training rows.
            target: (N,) classes, (N, T) values, or None.
            group: (N,) str, or None.
            seed: Draws the order; the split's own seed, so that runs of one split compare.
        """
        keys = SplitKeys(sample_id, target=target, group=group)
        num_rows = len(keys)
        if self.size is not None and self.size > num_rows:
            raise UserError(
                f"subset.size must be at most the {num_rows} training rows, but got {self.size}. Use less."
            )
        size = self.size or max(1, round(self.fraction * num_rows))
        unit = tie_units(keys)
        unit_size = np.bincount(unit)
        order = self._order(keys, unit, unit_size, seed)
        until = np.cumsum(unit_size[order])
        taken = order[: max(1, int(np.searchsorted(until, size, side="right")))]
        chosen = np.zeros(len(unit_size), dtype=bool)
        chosen[taken] = True
        return np.asarray(chosen[unit].nonzero()[0], dtype=np.int64)

    def _order(
        self, keys: SplitKeys, unit: NDArray[np.int64], unit_size: NDArray[np.int64], seed: int
    ) -> NDArray[np.int64]:
        # The middle of a unit's span in its stratum, as a share of that stratum; each first one at 0.
        key = first_key(keyed_hash(keys.sample_id, f"groundwork subset {seed}"), unit)
        strata = _unit_strata(keys, unit, len(unit_size), self.num_bins)
        ordered = np.lexsort((key, strata))
        place = np.zeros(len(unit_size))
        for stratum in np.unique(strata):
            units = ordered[
                np.searchsorted(strata[ordered], stratum) : np.searchsorted(strata[ordered], stratum, "right")
            ]
            until = np.cumsum(unit_size[units])
            place[units] = (until - unit_size[units] / 2) / until[-1]
            place[units[0]] = 0
        return np.lexsort((key, place))


def subset_similarity(target: Any, rows: NDArray[np.int64], names: Sequence[str]) -> dict[str, float]:
    """Measure how far a subset is from the whole, 0 for alike to 1.

    Args:
        target: (N,) classes, or (N, T) values with NaN where missing, of all training rows.
        rows: (M,) positions of the subset.
        names: T names of the targets; read for values only.

    Returns:
        For classes the largest difference of a class share, `class_share`; for values the
        Kolmogorov-Smirnov distance per target, `ks/<name>`.
    """
    target = np.asarray(target)
    if target.ndim == 1:
        codes = np.unique(target, return_inverse=True)[1]
        whole, part = np.bincount(codes), np.bincount(codes[rows], minlength=codes.max() + 1)
        return {"class_share": float(np.abs(whole / whole.sum() - part / part.sum()).max())}
    return {f"ks/{name}": _distance(target[:, t], target[rows, t]) for t, name in enumerate(names)}


def _distance(whole: NDArray[Any], part: NDArray[Any]) -> float:
    whole, part = whole[~np.isnan(whole)], part[~np.isnan(part)]
    return float(ks_2samp(whole, part, method="asymp").statistic) if len(part) else float("nan")


def _unit_strata(
    keys: SplitKeys, unit: NDArray[np.int64], num_units: int, num_bins: int
) -> NDArray[np.int64]:
    # A group belongs to the stratum that most of its rows are in, the smaller number when they tie.
    strata = make_strata(keys, (_SMALLEST_SHARE,), num_bins)
    pairs, counts = np.unique(np.array([unit, strata]), axis=1, return_counts=True)
    best = np.lexsort((-pairs[1], counts, pairs[0]))
    last = np.searchsorted(pairs[0][best], np.arange(num_units), side="right") - 1
    return np.asarray(pairs[1][best[last]], dtype=np.int64)
