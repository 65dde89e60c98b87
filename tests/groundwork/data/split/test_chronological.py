import numpy as np
from pandas import Series, date_range

from groundwork.data import ChronologicalSplit, SplitKeys

SHARES = (0.7, 0.15, 0.15)


def names(n: int, start: int = 0) -> np.ndarray:
    return np.array([f"birds/{number:05d}.jpg" for number in range(start, start + n)])


def sizes(split) -> list[int]:
    return [int((split == part).sum()) for part in ("train", "val", "test")]


def test_the_oldest_train_and_the_newest_test_with_equal_times_together():
    times = Series(date_range("2024-01-01", periods=100)).repeat(3).sample(frac=1, random_state=0).to_numpy()
    split = ChronologicalSplit(SHARES)(SplitKeys(names(300), order=times))
    assert sizes(split) == [210, 45, 45]
    assert times[split == "train"].max() < times[split == "val"].min()
    assert times[split == "val"].max() < times[split == "test"].min()


def test_a_group_is_as_old_as_its_newest_row():
    keys = SplitKeys(names(20), order=np.arange(20), group=np.array(["g", *[""] * 18, "g"]))
    split = ChronologicalSplit(SHARES)(keys)
    assert split[0] == split[19] == "test"
    assert sizes(split) == [14, 3, 3]
