import numpy as np
import pytest
from scipy.stats import ks_2samp

from groundwork.core.errors import UserError
from groundwork.data import AllRows, StratifiedSubset
from groundwork.data.subset import subset_similarity

IDS = np.array([f"row {number}" for number in range(1000)])
CLASSES = np.repeat([0, 1, 2, 3], [600, 300, 96, 4])


def part(fraction=1.0, size=None) -> StratifiedSubset:
    return StratifiedSubset(fraction, size, num_bins=10)


def test_all_rows_are_all_rows():
    assert AllRows().rows(IDS, CLASSES, None, 0).tolist() == list(range(1000))


def test_a_tenth_holds_a_tenth_of_each_class_and_each_class_at_least_once():
    rows = part(fraction=0.1).rows(IDS, CLASSES, None, 0)
    assert len(rows) == 100
    counts = np.bincount(CLASSES[rows])
    assert np.abs(counts - [60, 30, 9.6, 0.4]).max() <= 1
    assert counts[3] == 1


def test_smaller_subsets_lie_inside_larger_ones():
    inside = set()
    for size in (1, 3, 10, 100, 101, 500, 1000):
        rows = set(part(size=size).rows(IDS, CLASSES, None, 0))
        assert len(rows) == size
        assert inside <= rows
        inside = rows


def test_a_subset_is_the_same_in_any_order_of_the_file():
    order = np.random.default_rng(0).permutation(1000)
    there = part(0.2).rows(IDS[order], CLASSES[order], None, 5)
    assert set(IDS[order][there]) == set(IDS[part(0.2).rows(IDS, CLASSES, None, 5)])


def test_the_seed_draws_the_rows():
    assert set(part(0.2).rows(IDS, CLASSES, None, 0)) != set(part(0.2).rows(IDS, CLASSES, None, 1))


def test_groups_are_taken_whole():
    group = np.random.default_rng(0).integers(0, 100, 1000).astype(str)
    rows = part(0.3).rows(IDS, CLASSES, group, 0)
    assert np.isin(group, group[rows]).sum() == len(rows)
    assert 300 - np.unique(group, return_counts=True)[1].max() < len(rows) <= 300


def test_continuous_targets_keep_their_distribution():
    target = np.random.default_rng(0).exponential(size=(1000, 1))
    rows = part(0.1).rows(IDS, target, None, 0)
    deciles = np.searchsorted(np.quantile(target, np.arange(1, 10) / 10), target[rows, 0])
    assert np.abs(np.bincount(deciles) - 10).max() <= 1
    similarity = subset_similarity(target, rows, ["price"])
    assert similarity["ks/price"] == pytest.approx(ks_2samp(target[:, 0], target[rows, 0]).statistic)
    assert similarity["ks/price"] < 0.1


def test_similarity_of_classes_is_the_largest_difference_of_a_share():
    assert subset_similarity(np.array([0, 0, 0, 1]), np.array([0, 3]), []) == {"class_share": 0.25}


def test_similarity_leaves_missing_targets_out():
    target = np.array([[0.0], [1.0], [np.nan], [2.0]])
    assert subset_similarity(target, np.array([0, 1, 3]), ["y"]) == {"ks/y": 0.0}
    assert np.isnan(subset_similarity(target, np.array([2]), ["y"])["ks/y"])


@pytest.mark.parametrize(("fraction", "size"), [(0.0, None), (1.1, None), (0.1, 0), (0.1, -3)])
def test_sizes_that_do_not_exist_are_refused(fraction, size):
    with pytest.raises(UserError, match=r"subset.* must .* but got"):
        part(fraction, size)


def test_more_rows_than_there_are_is_refused():
    with pytest.raises(UserError, match=r"subset\.size must be at most the 1000 training rows, but got 1001"):
        part(size=1001).rows(IDS, CLASSES, None, 0)
