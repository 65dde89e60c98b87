"""Random tables x every kind of split. `tests/robustness/split_properties.py` runs many more of them."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.core.batch import SPLITS
from groundwork.data import (
    ChronologicalSplit,
    FoldSplit,
    RandomSplit,
    SplitKeys,
    StratifiedSplit,
    StratifiedSubset,
)
from groundwork.data.split.official import take

FRACTIONS = ((0.7, 0.15, 0.15), (0.8, 0.1, 0.1), (0.6, 0.4, 0.0), (0.5, 0.25, 0.25), (1 / 3, 1 / 3, 1 / 3))
KINDS = ("stratified", "stable", "random", "chronological", "folds")
TARGETS = ("classes", "rare classes", "values", "several values", "levels", "none")


@dataclass(frozen=True)
class Case:
    """One random table and the choices of its split."""

    kind: str
    target: str
    num_rows: int
    num_groups: int | None
    num_contents: int | None
    official: bool
    fractions: tuple[float, float, float]
    seed: int


cases = st.builds(
    Case,
    st.sampled_from(KINDS),
    st.sampled_from(TARGETS),
    st.integers(1, 150),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(1, 300),
    st.booleans(),
    st.sampled_from(FRACTIONS),
    st.integers(0, 10**6),
)


@given(cases)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_a_split_keeps_its_promises_on_any_table(case: Case):
    check(case)


def check(case: Case) -> None:
    """Assert every promise of a split that holds for such a table."""
    generator = np.random.default_rng(case.seed)
    keys, splitter = make_keys(case, generator), make_splitter(case, case.seed % 3)
    split = splitter(keys)
    assert split.shape == (case.num_rows,)
    assert set(split) <= set(SPLITS)
    assert all("\n" not in note for note in splitter.notes(keys, splitter(keys)))
    order = generator.permutation(case.num_rows)
    np.testing.assert_array_equal(splitter(take(keys, order)), split[order])
    if case.official:
        np.testing.assert_array_equal(split[keys.official == "test"], "test")
        return
    check_units(keys, split)
    if case.kind in ("stratified", "random"):
        check_sizes(case, keys, split)
    if case.kind == "folds":
        check_folds(case, keys)
    if case.kind == "chronological" and keys.group is None and keys.duplicate is None:
        check_times(keys, split)
    if "train" in split:
        check_subset(case, take(keys, (split == "train").nonzero()[0]))


def check_units(keys: SplitKeys, split: Any) -> None:
    for names in (keys.group, keys.duplicate):
        if names is not None:
            pairs = {(name, part) for name, part in zip(names, split, strict=True) if name}
            assert len(pairs) == len({name for name, _ in pairs})


def check_sizes(case: Case, keys: SplitKeys, split: Any) -> None:
    shares = np.array(case.fractions)
    sizes = np.array([(split == part).sum() for part in SPLITS])
    largest = largest_unit(keys)
    if largest == 1 and keys.target is not None and keys.target.ndim == 1 and case.kind == "stratified":
        for label in set(keys.target.tolist()):
            rows = split[keys.target == label]
            held = np.array([(rows == part).sum() for part in SPLITS])
            assert np.abs(held - len(rows) * shares).max() <= 1 + 1e-9
            assert "train" in rows
            least = np.maximum(np.floor(len(rows) * shares + 1e-6), shares > 0)
            assert least.sum() > len(rows) or len(rows) == 3 or (held > 0).sum() == (shares > 0).sum()
    assert np.abs(sizes - len(split) * shares).max() <= bound(case, keys, largest) + 1e-9


def bound(case: Case, keys: SplitKeys, largest: int) -> int:
    if keys.group is not None or keys.target is None or case.kind == "random":
        return largest
    return max(largest, len(set(keys.target.tolist())) if keys.target.ndim == 1 else 2)


def check_folds(case: Case, keys: SplitKeys) -> None:
    splits = np.array([make_splitter(case, fold)(keys) for fold in range(3)])
    test = StratifiedSplit(case.fractions, case.seed, False, 10)(keys) == "test"
    validated = (splits == "val").sum(axis=0)
    assert ((splits == "test") == test).all()
    assert (validated[test] == 0).all()
    assert (validated <= 1).all()
    labels = np.zeros(len(test)) if keys.target is None else keys.target
    if labels.ndim == 1:
        rare = {label for label in set(labels[~test]) if (labels[~test] == label).sum() == 1}
        assert all(validated[row] == 1 or labels[row] in rare for row in (~test).nonzero()[0])
    else:
        assert (validated[~test] == 1).mean() > 0.5 or (~test).sum() < 20


def check_times(keys: SplitKeys, split: Any) -> None:
    times = [keys.order[split == part] for part in SPLITS if (split == part).any()]
    assert all(older.max() < newer.min() for older, newer in pairwise(times))


def check_subset(case: Case, train: SplitKeys) -> None:
    taken = []
    for fraction in (0.1, 0.2, 0.5):
        subset = StratifiedSubset(fraction, None, 10)
        rows = subset.rows(train.sample_id, train.target, train.group, case.seed)
        size = max(1, round(fraction * len(train)))
        largest = largest_unit(replace(train, duplicate=None))
        assert max(1, size - largest + 1) <= len(rows) <= max(size, largest)
        taken.append(set(train.sample_id[rows]))
        if train.group is not None:
            named = {name for name in train.group[rows] if name}
            assert len(rows) - (train.group[rows] == "").sum() == np.isin(train.group, list(named)).sum()
    assert taken[0] <= taken[1] <= taken[2]


def largest_unit(keys: SplitKeys) -> int:
    """Count the rows of the largest unit by flooding, apart from the code under test."""
    left, largest = set(range(len(keys))), 0
    columns = [names for names in (keys.group, keys.duplicate) if names is not None]
    while left:
        front, size = [left.pop()], 0
        while front:
            row, size = front.pop(), size + 1
            tied = {other for other in left for names in columns if names[row] and names[row] == names[other]}
            left -= tied
            front += tied
        largest = max(largest, size)
    return largest


def make_splitter(case: Case, fold: int) -> Any:
    """Build the splitter of a case; the fold matters to folds only."""
    return {
        "stratified": StratifiedSplit(case.fractions, case.seed, False, 10),
        "stable": StratifiedSplit(case.fractions, case.seed, True, 10),
        "random": RandomSplit(case.fractions, case.seed),
        "chronological": ChronologicalSplit(case.fractions),
        "folds": FoldSplit(case.fractions, 3, fold, case.seed, 10),
    }[case.kind]


def make_keys(case: Case, generator: np.random.Generator) -> SplitKeys:
    """Draw the table of a case."""
    n = case.num_rows
    target = {
        "classes": lambda: generator.integers(0, 5, n),
        "rare classes": lambda: np.minimum(generator.geometric(0.3, n), 12),
        "values": lambda: generator.normal(size=(n, 1)),
        "several values": lambda: np.where(
            generator.random((n, 3)) < 0.1, np.nan, generator.normal(size=(n, 3))
        ),
        "levels": lambda: generator.integers(0, 4, (n, 1)) / 3,
        "none": lambda: None,
    }[case.target]()
    names = [f"photos/{number}.png" for number in generator.permutation(10 * n)[:n]]
    official = np.where(generator.random(n) < 0.2, "test", generator.choice(["", "train"], n))
    return SplitKeys(
        np.array(names),
        target,
        group=None if case.num_groups is None else labels(generator, case.num_groups, n),
        duplicate=None if case.num_contents is None else labels(generator, case.num_contents, n),
        order=generator.integers(0, 40, n),
        official=official if case.official else None,
    )


def labels(generator: np.random.Generator, count: int, n: int) -> Any:
    """Draw names of groups, some of them empty."""
    return np.array(["", *(f"g{number}" for number in range(count))])[generator.integers(0, count + 1, n)]
