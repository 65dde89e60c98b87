"""Samples -> train, val, test: by keyed hashes of sample_id, so that every machine agrees."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.data.split.chronological import cut_by_time
from groundwork.data.split.iterative import draw_label_parts
from groundwork.data.split.keys import SplitKeys, is_alone, keyed_hash, stable_keys, tie_units
from groundwork.data.split.notes import describe
from groundwork.data.split.official import Parts, keep_official, official_remedy, take
from groundwork.data.split.parts import draw_parts
from groundwork.data.split.shares import check_fractions, threshold_parts
from groundwork.data.split.strata import holds_labels, is_lonely, make_strata


@dataclass(frozen=True)
class Splitter(ABC):
    """Give each sample one of SPLITS, the same on every machine and in any order of the file."""

    fractions: tuple[float, float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fractions", check_fractions(self.fractions))

    @abstractmethod
    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""

    def notes(self, keys: SplitKeys, split: NDArray[Any]) -> list[str]:
        """Say in plain lines what a reader of the split should know: rare classes, kept parts."""
        return describe(keys, split, self.fractions)


@dataclass(frozen=True)
class StratifiedSplit(Splitter):
    """Deal each class, each of several labels, or each quantile bin of continuous targets, in the same shares.

    Groups and samples with equal inputs stay whole. Official test and val rows are kept; only what the data
    set does not say is cut.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
        seed: Draws the split, apart from every other seed.
        stable: Whether each row's own hash decides: added rows then move no old row, but sizes and
            class shares are only near `fractions` and rare classes may miss a part.
        num_bins: Most quantile bins per continuous target.
    """

    seed: int
    stable: bool
    num_bins: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("split.num_bins", self.num_bins, "[1, inf)")

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        return keep_official(keys, self._draw, self.fractions)

    def notes(self, keys: SplitKeys, split: NDArray[Any]) -> list[str]:
        """Say in plain lines what a reader of the split should know: rare classes, kept parts."""
        return describe(keys, split, self.fractions, stable=self.stable)

    def _draw(self, keys: SplitKeys, unit: Parts, fractions: tuple[float, ...]) -> Parts:
        secret = f"groundwork split {self.seed}"
        if self.stable:
            return threshold_parts(stable_keys(keys, unit, secret), fractions)
        key = keyed_hash(keys.sample_id, secret)
        if holds_labels(keys.target):
            return draw_label_parts(keys.target, unit, key, fractions)
        strata = make_strata(keys, fractions, self.num_bins)
        # A bin that misses a part harms nobody, its neighbors are there; a class that does is not learned.
        classes = keys.target is not None and keys.target.ndim == 1
        return draw_parts(strata, unit, key, fractions, grouped=keys.group is not None, first_wins=classes)


@dataclass(frozen=True)
class RandomSplit(Splitter):
    """Deal the rows whatever their target; groups, equal inputs and official parts are kept.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
        seed: Draws the split, apart from every other seed.
    """

    seed: int

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        blind = replace(keys, target=None)
        return StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=1)(blind)


@dataclass(frozen=True)
class ChronologicalSplit(Splitter):
    """Train on the oldest rows and test on the newest; rows of equal time stay together.

    A group or set of duplicates counts as old as its newest row, so nothing in train is younger
    than the cut. Official test and val rows are kept.

    Args:
        fractions: Shares of train, val and test; they sum to 1.
    """

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        return keep_official(keys, cut_by_time, self.fractions)


@dataclass(frozen=True)
class OfficialSplit(Splitter):
    """Keep the data set's own split; val is cut stratified from train where it has none.

    Args:
        fractions: Shares of train, val and test; only train to val matters, and only where val is cut.
        seed: Draws val.
        num_bins: Most quantile bins per continuous target.
    """

    seed: int
    num_bins: int

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        for name in ("test", "train"):
            if keys.official is None or not (keys.official == name).any():
                raise UserError(
                    f"split=official must find official {name} rows, but got none. {official_remedy(keys, name)}"
                )
        if (unnamed := int((keys.official == "").sum())) > 0:
            raise UserError(
                f"split=official must find a part for every row, but got {unnamed} without one. "
                "Fill the column that data.split_column names, or choose split=stratified."
            )
        return StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=self.num_bins)(keys)


@dataclass(frozen=True)
class FoldSplit(Splitter):
    """Validate on fold `fold` of `k`; the test part is that of the stratified split, in every fold.

    A class with a single row outside test always trains.

    Args:
        fractions: Shares of train, val and test; only test matters here.
        k: Number of folds.
        fold: Which fold validates, 0 to k - 1.
        seed: Draws test and folds; all folds of one comparison share it.
        num_bins: Most quantile bins per continuous target.
    """

    k: int
    fold: int
    seed: int
    num_bins: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("split.k", self.k, "[2, inf)", whole=True)
        check_range("split.fold", self.fold, f"[0, {self.k})")

    def __call__(self, keys: SplitKeys) -> NDArray[Any]:
        """Give each row its split, (N,) str."""
        split = StratifiedSplit(self.fractions, self.seed, stable=False, num_bins=self.num_bins)(keys)
        rows = (split != "test").nonzero()[0]
        # Units are those of the whole table: a chain of duplicates may lead through a test row.
        split[rows] = self._fold(take(keys, rows), tie_units(keys)[rows])
        return split

    def _fold(self, pool: SplitKeys, unit: Parts) -> NDArray[Any]:
        fold = deal_folds(pool, unit, self.k, self.seed, self.num_bins)
        strata = make_strata(pool, (1 / self.k,) * self.k, self.num_bins)
        only_one = is_lonely(pool, strata) & is_alone(unit)
        return np.where((fold == self.fold) & ~only_one, "val", "train")

    def notes(self, keys: SplitKeys, split: NDArray[Any]) -> list[str]:
        """Say in plain lines what a reader of the folds should know."""
        return describe(keys, split, self.fractions, folds=self.k)


def deal_folds(pool: SplitKeys, unit: Parts, k: int, seed: int, num_bins: int) -> Parts:
    """Give each row of a pool its fold, (N,) from 0 to k - 1: every class or quantile bin in the same shares.

    Args:
        pool: What is dealt.
        unit: (N,) what stays whole, see `tie_units`.
        k: Number of folds.
        seed: Draws them.
        num_bins: Most quantile bins per continuous target.
    """
    shares = (1 / k,) * k
    key = keyed_hash(pool.sample_id, f"groundwork folds {seed}")
    if holds_labels(pool.target):
        return draw_label_parts(pool.target, unit, key, shares)
    strata = make_strata(pool, shares, num_bins)
    return draw_parts(strata, unit, key, shares, grouped=pool.group is not None, first_wins=False)
