"""Samples -> train, val, test: by keyed hashes of sample_id, so that every machine agrees."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.batch import UserError
from groundwork.data.split_keys import SplitKeys, keyed_hash, split_hash, stable_keys, tie_units
from groundwork.data.split_notes import describe
from groundwork.data.split_official import keep_official, take
from groundwork.data.split_parts import draw_parts
from groundwork.data.split_shares import check_fractions, threshold_parts
from groundwork.data.split_strata import make_strata
from groundwork.data.split_time import cut_by_time

__all__ = [
    "ChronologicalSplit",
    "FoldSplit",
    "OfficialSplit",
    "RandomSplit",
    "SplitKeys",
    "StratifiedSplit",
    "split_hash",
]

Parts = NDArray[np.int64]


@dataclass(frozen=True)
class StratifiedSplit:
    """Deal each class, or each quantile bin of continuous targets, in the same shares.

    Groups and exact duplicates stay whole. Official test and val rows are kept; only what the data
    set does not say is cut.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
        seed: Draws the split, apart from every other seed.
        stable: Whether each row's own hash decides: added rows then move no old row, but sizes and
            class shares are only near `fractions` and rare classes may miss a part.
        num_bins: Most quantile bins per continuous target.
    """

    fractions: tuple[float, float, float]
    seed: int
    stable: bool
    num_bins: int

    def __post_init__(self) -> None:
        check_fractions(self)
        if self.num_bins < 1:
            raise UserError(f"split.num_bins must be at least 1, but got {self.num_bins}. Use 10.")

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        return keep_official(keys, self._draw, self.fractions)

    def notes(self, keys: SplitKeys) -> list[str]:
        """Say in plain lines what a reader of the split should know: rare classes, kept parts."""
        return describe(keys, self(keys), self.fractions, stable=self.stable, stratified=True)

    def _draw(self, keys: SplitKeys, unit: Parts, fractions: tuple[float, ...]) -> Parts:
        secret = f"groundwork split {self.seed}"
        if self.stable:
            return threshold_parts(stable_keys(keys, unit, secret), fractions)
        strata = (
            np.zeros(len(keys), dtype=np.int64)
            if keys.target is None
            else make_strata(keys.target, fractions, self.num_bins)
        )
        return draw_parts(strata, unit, keyed_hash(keys.sample_id, secret), fractions)


@dataclass(frozen=True)
class RandomSplit:
    """Deal the rows whatever their target; groups, exact duplicates and official parts are kept.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
        seed: Draws the split, apart from every other seed.
    """

    fractions: tuple[float, float, float]
    seed: int

    def __post_init__(self) -> None:
        check_fractions(self)

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        return StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=1)(
            replace(keys, target=None)
        )

    def notes(self, keys: SplitKeys) -> list[str]:
        """Say in plain lines what a reader of the split should know."""
        return describe(keys, self(keys), self.fractions)


@dataclass(frozen=True)
class ChronologicalSplit:
    """Train on the oldest rows and test on the newest; rows of equal time stay together.

    A group or set of duplicates counts as old as its newest row, so nothing in train is younger
    than the cut. Official test and val rows are kept.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
    """

    fractions: tuple[float, float, float]

    def __post_init__(self) -> None:
        check_fractions(self)

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        return keep_official(keys, cut_by_time, self.fractions)

    def notes(self, keys: SplitKeys) -> list[str]:
        """Say in plain lines what a reader of the split should know."""
        return describe(keys, self(keys), self.fractions)


@dataclass(frozen=True)
class OfficialSplit:
    """Keep the data set's own split; val is cut stratified from train where it has none.

    Args:
        fractions: Shares of train, val and test; only train to val matters, and only where val is cut.
        seed: Draws val.
        num_bins: Most quantile bins per continuous target.
    """

    fractions: tuple[float, float, float]
    seed: int
    num_bins: int

    def __post_init__(self) -> None:
        check_fractions(self)

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        cure = "Name data.split_column, use train/test subfolders, or choose split=stratified."
        if keys.official is None or not (keys.official == "test").any():
            raise UserError(f"split=official must find official test rows, but got none. {cure}")
        if not (keys.official == "train").any():
            raise UserError(f"split=official must find official train rows, but got none. {cure}")
        if (unnamed := int((keys.official == "").sum())) > 0:
            raise UserError(
                f"split=official must find a part for every row, but got {unnamed} without one. "
                "Fill data.split_column, or choose split=stratified to keep what it says and cut the rest."
            )
        return StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=self.num_bins)(keys)

    def notes(self, keys: SplitKeys) -> list[str]:
        """Say in plain lines what a reader of the split should know."""
        return describe(keys, self(keys), self.fractions, stratified=True)


@dataclass(frozen=True)
class FoldSplit:
    """Validate on fold `fold` of `k`; the test part is that of the stratified split, in every fold.

    A class with a single row outside test always trains.

    Args:
        k: Number of folds.
        fold: Which fold validates, 0 to k - 1.
        fractions: Shares of train, val and test; only test matters here.
        seed: Draws test and folds; all folds of one comparison share it.
        num_bins: Most quantile bins per continuous target.
    """

    k: int
    fold: int
    fractions: tuple[float, float, float]
    seed: int
    num_bins: int

    def __post_init__(self) -> None:
        check_fractions(self)
        if self.k < 2:
            raise UserError(f"split.k must be at least 2, but got {self.k}. Use split.k=5.")
        if not 0 <= self.fold < self.k:
            raise UserError(
                f"split.fold must lie in 0 to {self.k - 1}, but got {self.fold} (split.k={self.k}). Use 0."
            )

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        stratified = StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=self.num_bins)
        split = stratified(keys)
        rows = (split != "test").nonzero()[0]
        pool = take(keys, rows)
        shares = (1 / self.k,) * self.k
        strata = (
            np.zeros(len(rows), dtype=np.int64)
            if pool.target is None
            else make_strata(pool.target, shares, self.num_bins)
        )
        key = keyed_hash(pool.sample_id, f"groundwork folds {self.seed}")
        # Units are those of the whole table: a chain of duplicates may lead through a test row.
        fold = draw_parts(strata, tie_units(keys)[rows], key, shares, first_wins=False)
        codes, counts = strata - strata.min(initial=0), np.bincount(strata - strata.min(initial=0))
        split[rows] = np.where((fold == self.fold) & (counts[codes] > 1), "val", "train")
        return split

    def notes(self, keys: SplitKeys) -> list[str]:
        """Say in plain lines what a reader of the split should know."""
        return describe(keys, self(keys), self.fractions, stratified=True, folds=self.k)
