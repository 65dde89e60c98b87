import numpy as np

from groundwork.data import OfficialSplit, RandomSplit, SplitKeys, StratifiedSplit

SHARES = (0.7, 0.15, 0.15)
STRATIFIED = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)
STABLE = StratifiedSplit(SHARES, 0, stable=True, num_bins=10)


def names(n: int, start: int = 0) -> np.ndarray:
    return np.array([f"birds/{number:05d}.jpg" for number in range(start, start + n)])


def sizes(split) -> list[int]:
    return [int((split == part).sum()) for part in ("train", "val", "test")]


def test_official_test_is_kept_and_only_val_is_cut():
    target = np.arange(1000) % 4
    official = np.where(np.arange(1000) < 800, "train", "test")
    keys = SplitKeys(names(1000), target, official=official)
    for splitter in (STRATIFIED, OfficialSplit(SHARES, 0, 10), RandomSplit(SHARES, 0), STABLE):
        split = splitter(keys)
        np.testing.assert_array_equal(split == "test", official == "test")
        assert splitter.notes(keys, splitter(keys))[-2:] == [
            "official test kept as published",
            "val cut from the other rows: the data set has no official one",
        ]
    # val is 0.15 of the 0.85 that is not test: 35.3 of the 200 rows of each class.
    split = STRATIFIED(keys)
    assert [sizes(split[target == label])[1] in (35, 36) for label in range(4)] == [True] * 4
    assert sizes(split) in ([659, 141, 200], [658, 142, 200])


def test_a_whole_official_split_is_kept_as_it_is():
    official = np.array(["train"] * 50 + ["val"] * 5 + ["test"] * 9)
    np.testing.assert_array_equal(STRATIFIED(SplitKeys(names(64), official=official)), official)


def test_rows_without_official_part_follow_their_duplicates_into_test():
    official = np.array(["test", "", *["train"] * 30])
    content = np.array(["same", "same", *[f"own {n}" for n in range(30)]])
    assert STRATIFIED(SplitKeys(names(32), official=official, duplicate=content))[1] == "test"


def test_duplicates_across_official_parts_are_kept_and_named():
    official = np.array(["test", "train", *["train"] * 30])
    content = np.array(["same", "same", *[f"own {n}" for n in range(30)]])
    keys = SplitKeys(names(32), official=official, duplicate=content)
    assert STRATIFIED(keys)[:2].tolist() == ["test", "train"]
    assert (
        "warning: 2 rows share a group or their content across official parts: 1 cases"
        in STRATIFIED.notes(keys, STRATIFIED(keys))
    )
