from hashlib import blake2b

import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.data import (
    ChronologicalSplit,
    FoldSplit,
    OfficialSplit,
    RandomSplit,
    SplitKeys,
    StratifiedSplit,
    split_hash,
)
from groundwork.data.split.keys import keyed_hash

SHARES = (0.7, 0.15, 0.15)
STRATIFIED = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)
STABLE = StratifiedSplit(SHARES, 0, stable=True, num_bins=10)


def names(n: int, start: int = 0) -> np.ndarray:
    return np.array([f"birds/{number:05d}.jpg" for number in range(start, start + n)])


def sizes(split) -> list[int]:
    return [int((split == part).sum()) for part in ("train", "val", "test")]


def one_class_per_seven(n: int) -> SplitKeys:
    return SplitKeys(names(n), np.arange(n) % 7)


def test_the_hash_is_keyed_blake2b_of_the_composed_utf8_name():
    secret = blake2b(b"groundwork split 3", digest_size=32).digest()
    by_hand = int.from_bytes(blake2b("caf\u00e9.png".encode(), digest_size=8, key=secret).digest(), "little")
    assert keyed_hash(["caf\u00e9.png", "cafe\u0301.png"], "groundwork split 3").tolist() == [
        by_hand,
        by_hand,
    ]


def test_a_split_hash_names_the_pairs_whatever_their_order():
    ids, split = names(4), np.array(["train", "val", "test", "train"])
    order = [2, 0, 3, 1]
    assert split_hash(ids, split) == split_hash(ids[order], split[order])
    assert split_hash(ids, split) != split_hash(ids, split[order])


GOLDEN = {
    "classes": (STRATIFIED, one_class_per_seven(1000), "bb3b6afc16c82275"),
    "another seed": (StratifiedSplit(SHARES, 1, False, 10), one_class_per_seven(1000), "1ba8884c2af01537"),
    "values": (
        STRATIFIED,
        SplitKeys(names(1000), (np.arange(1000)[:, None] * 37 % 101) / 7),
        "db64f08e3fad3bde",
    ),
    "groups": (
        STRATIFIED,
        SplitKeys(names(1000), np.arange(1000) % 7, group=np.arange(1000) ** 2 % 83),
        "b9059c3ef80cb964",
    ),
    "stable": (STABLE, one_class_per_seven(1000), "f32d56d86ac4684a"),
    "random": (RandomSplit(SHARES, 0), one_class_per_seven(1000), "96fb752abc9f43be"),
    "chronological": (
        ChronologicalSplit(SHARES),
        SplitKeys(names(1000), order=np.arange(1000) % 97),
        "21baaefb475b7f4c",
    ),
    "folds": (
        FoldSplit(SHARES, k=5, fold=2, seed=0, num_bins=10),
        one_class_per_seven(1000),
        "37342329960da73a",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_split_is_the_same_on_every_machine_and_version(name):
    splitter, keys, golden = GOLDEN[name]
    assert split_hash(keys.sample_id, splitter(keys)) == golden


def test_each_class_is_cut_in_the_shares_to_within_one_sample():
    target = np.repeat([0, 1, 2], [1000, 60, 20])
    split = STRATIFIED(SplitKeys(names(1080), target))
    assert [sizes(split[target == label]) for label in range(3)] == [[700, 150, 150], [42, 9, 9], [14, 3, 3]]


def test_continuous_targets_have_alike_quantiles_in_every_part():
    target = np.random.default_rng(0).exponential(size=(2000, 1))
    split = STRATIFIED(SplitKeys(names(2000), target))
    assert sizes(split) == [1400, 300, 300]
    edges = np.quantile(target, np.arange(1, 10) / 10)
    for part in ("train", "val", "test"):
        counts = np.bincount(np.searchsorted(edges, target[split == part, 0]), minlength=10)
        assert np.abs(counts - counts.mean()).max() <= 1


def test_several_targets_are_stratified_together():
    target = np.random.default_rng(0).normal(size=(2000, 2))
    split = STRATIFIED(SplitKeys(names(2000), target))
    quarter = (target > 0) @ [1, 2]
    for code in range(4):
        shares = np.array(sizes(split[quarter == code])) / (quarter == code).sum()
        np.testing.assert_allclose(shares, SHARES, atol=0.03)


def test_a_class_too_small_for_every_part_trains_first_and_is_named():
    target = np.array([0, 1, 1, *[2] * 40])
    keys = SplitKeys(names(43), target, classes=("heron", "owl", "sparrow"))
    split = STRATIFIED(keys)
    assert split[0] == "train"
    assert "train" in split[1:3]
    (note,) = STRATIFIED.notes(keys, STRATIFIED(keys))
    assert note.startswith(
        "warning: classes missing from a part (rows in train/val/test): heron 1/0/0, owl 1/"
    )
    assert "sparrow" not in note


def test_another_seed_draws_another_split_of_the_same_sizes():
    keys = one_class_per_seven(700)
    first, second = STRATIFIED(keys), StratifiedSplit(SHARES, 1, False, 10)(keys)
    assert sizes(first) == sizes(second) == [490, 105, 105]
    assert 0.4 < (first == second).mean() < 0.7  # 0.535 = 0.7^2 + 2 * 0.15^2 where they are independent


def test_groups_and_exact_duplicates_stay_whole_even_in_chains():
    # b ties its group p to a, c ties its content to d: all four are one unit.
    group = np.array(["p", "p", "", "", *[""] * 40])
    content = np.array(["1", "2", "3", "3", *[f"own {n}" for n in range(40)]])
    content[1] = "3"
    for seed in range(20):
        keys = SplitKeys(names(44), np.arange(44) % 2, group=group, duplicate=content)
        assert len(set(StratifiedSplit(SHARES, seed, False, 10)(keys)[:4])) == 1


def test_sizes_hold_to_the_largest_group():
    group = np.random.default_rng(0).integers(0, 40, 600).astype(str)
    split = STRATIFIED(SplitKeys(names(600), np.arange(600) % 3, group=group))
    largest = np.unique(group, return_counts=True)[1].max()
    assert np.abs(np.array(sizes(split)) - [420, 90, 90]).max() <= largest


def test_units_move_at_last_where_many_rare_classes_put_the_sizes_off():
    # Placed class by class, train would hold 12 of these 21 rows, its share is 14.7 and no group above 2.
    target = np.array([int(digit) for digit in "003402414224332300113"])
    split = STRATIFIED(SplitKeys(np.arange(21).astype(str), target, group=list("sljqkgpknmhcojnqdelbr")))
    assert np.abs(np.array(sizes(split)) - 21 * np.array(SHARES)).max() <= 2


def test_added_rows_move_no_old_row_of_a_stable_split():
    generator = np.random.default_rng(0)
    group = np.where(generator.random(900) < 0.5, generator.integers(0, 99, 900).astype(str), "")
    content = np.where(group == "", generator.integers(0, 300, 900).astype(str), names(900))
    old = SplitKeys(names(600), group=group[:600], duplicate=content[:600])
    every = SplitKeys(names(900), group=group, duplicate=content)
    np.testing.assert_array_equal(STABLE(every)[:600], STABLE(old))
    assert (STRATIFIED(every)[:600] != STRATIFIED(old)).any()


def test_a_stable_split_says_that_its_sizes_are_only_near_the_shares():
    keys = SplitKeys(names(4000))
    np.testing.assert_allclose(np.array(sizes(STABLE(keys))) / 4000, SHARES, atol=0.02)
    assert STABLE.notes(keys, STABLE(keys))[0].startswith(
        "stable split: added rows move no old row; sizes are only near"
    )


def test_an_empty_part_is_named():
    keys = SplitKeys(names(10), group=np.array(["one"] * 10))
    notes = STRATIFIED.notes(keys, STRATIFIED(keys))
    assert [note.split(":")[0] for note in notes] == ["val holds no sample", "test holds no sample"]


@pytest.mark.parametrize(
    "fractions",
    [(0.7, 0.15), (0.7, 0.2, 0.2), (1.2, -0.1, -0.1), (0, 0.5, 0.5), "abc", (np.nan, 0.5, 0.5), 0.7],
)
def test_fractions_that_are_no_shares_are_refused(fractions):
    with pytest.raises(UserError, match=r"split\.fractions must be three shares .* but got .*Use"):
        StratifiedSplit(fractions, 0, stable=False, num_bins=10)


def test_what_a_split_needs_and_lacks_is_named():
    keys = SplitKeys(names(3))
    with pytest.raises(UserError, match=r"split=chronological must know the order .* data\.order_column"):
        ChronologicalSplit(SHARES)(keys)
    with pytest.raises(UserError, match="1 without one"):
        ChronologicalSplit(SHARES)(SplitKeys(names(3), order=[1.0, None, 2.0]))
    with pytest.raises(
        UserError, match=r"split=official must find official test rows.*Name data.split_column"
    ):
        OfficialSplit(SHARES, 0, 10)(keys)
    # A split column that is named already is not asked for again.
    with pytest.raises(
        UserError, match="marks 2 train, 1 val: mark test rows, too, or choose split=stratified"
    ):
        OfficialSplit(SHARES, 0, 10)(SplitKeys(names(3), official=["train", "train", "val"]))
    with pytest.raises(UserError, match="1 without one"):
        OfficialSplit(SHARES, 0, 10)(SplitKeys(names(3), official=["train", "test", ""]))
    with pytest.raises(UserError, match="'dev'"):
        STRATIFIED(SplitKeys(names(3), official=["train", "test", "dev"]))
    with pytest.raises(UserError, match="sample_id must be unique, but got 'a' 2 times"):
        SplitKeys(["a", "b", "a"])
    with pytest.raises(ValueError, match="group must have 3 rows, but got 2"):
        SplitKeys(names(3), group=["a", "b"])
