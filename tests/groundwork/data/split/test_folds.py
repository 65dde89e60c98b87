import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.data import FoldSplit, SplitKeys, StratifiedSplit

SHARES = (0.7, 0.15, 0.15)
STRATIFIED = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)


def names(n: int, start: int = 0) -> np.ndarray:
    return np.array([f"birds/{number:05d}.jpg" for number in range(start, start + n)])


def sizes(split) -> list[int]:
    return [int((split == part).sum()) for part in ("train", "val", "test")]


def one_class_per_seven(n: int) -> SplitKeys:
    return SplitKeys(names(n), np.arange(n) % 7)


def test_folds_validate_every_row_once_and_never_touch_test():
    keys = one_class_per_seven(700)
    splits = np.array([FoldSplit(SHARES, 5, fold, 0, 10)(keys) for fold in range(5)])
    np.testing.assert_array_equal(splits == "test", np.tile(STRATIFIED(keys) == "test", (5, 1)))
    assert ((splits == "val").sum(axis=0) == (splits[0] != "test")).all()
    assert [sizes(split)[1] for split in splits] == [119] * 5


def test_a_class_with_one_row_outside_test_trains_in_every_fold():
    target = np.array([5, *[0] * 60])
    for fold in range(5):
        assert FoldSplit(SHARES, 5, fold, 0, 10)(SplitKeys(names(61), target))[0] == "train"


@pytest.mark.parametrize(("k", "fold"), [(1, 0), (5, 5), (5, -1)])
def test_folds_that_do_not_exist_are_refused(k, fold):
    with pytest.raises(UserError, match=r"split\.(k|fold) must"):
        FoldSplit(SHARES, k, fold, 0, 10)
