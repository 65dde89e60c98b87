import numpy as np
import pytest

from groundwork.data import FoldSplit, SplitKeys, StratifiedSplit
from groundwork.data.split.iterative import draw_label_parts
from groundwork.data.split.keys import keyed_hash

SHARES = (0.7, 0.15, 0.15)


def by_definition(labels, shares):
    """Algorithm 1 of Sechidis et al. 2011, word for word; ties of all kinds are left to the caller to avoid."""
    wanted_rows = np.array(shares) * len(labels)
    wanted = np.array(shares) * (labels == 1).sum(0)[:, None]
    part = np.full(len(labels), -1)
    while (part < 0).any():
        left = (labels[part < 0] == 1).sum(0)
        if not left.any():
            break
        label = min(np.flatnonzero(left), key=lambda one: left[one])
        for row in [row for row in range(len(labels)) if part[row] < 0 and labels[row, label] == 1]:
            best = max(
                range(len(shares)), key=lambda p: (round(wanted[label, p], 9), round(wanted_rows[p], 9))
            )
            part[row] = best
            wanted_rows[best] -= 1
            wanted[labels[row] == 1, best] -= 1
    return part, wanted, wanted_rows


@pytest.mark.parametrize("seed", range(5))
def test_single_rows_are_dealt_as_the_algorithm_says(seed):
    rng = np.random.default_rng(seed)
    labels = (rng.random((80, 4)) < [0.1, 0.2, 0.4, 0.6]).astype(float)
    shares = (0.53, 0.29, 0.18)  # no two parts ever lack the same
    rows = np.arange(len(labels))
    part = draw_label_parts(labels, rows, rows.astype(np.uint64), shares)
    expected, _, _ = by_definition(labels, shares)
    assert (part == expected)[expected >= 0].all()
    assert (np.bincount(part) >= np.floor(np.array(shares) * 80) - 1).all()


def keys(labels, **beside):
    return SplitKeys([f"row{row}" for row in range(len(labels))], target=labels, **beside)


def drawn(rng, rows=400, known=1.0):
    labels = (rng.random((rows, 6)) < [0.02, 0.05, 0.1, 0.2, 0.4, 0.7]).astype(float)
    return np.where(rng.random(labels.shape) < known, labels, np.nan)


@pytest.mark.parametrize("known", [1.0, 0.8])
def test_each_label_has_its_share_of_each_part_also_where_some_are_unknown(known):
    labels = drawn(np.random.default_rng(1), known=known)
    split = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)(keys(labels))
    for name, share in zip(("train", "val", "test"), SHARES, strict=True):
        held = (labels[split == name] == 1).sum(0)
        assert (np.abs(held - share * (labels == 1).sum(0)) <= 2.5).all()
        assert abs((split == name).sum() - share * len(labels)) <= 6


def test_groups_stay_whole_and_labels_still_have_about_their_share():
    rng = np.random.default_rng(2)
    labels, group = drawn(rng), np.array([f"g{number // 4}" for number in range(400)])
    split = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)(keys(labels, group=group))
    assert all(len(set(split[group == name])) == 1 for name in set(group))
    assert (np.abs((labels[split == "val"] == 1).mean(0) - (labels == 1).mean(0)) < 0.09).all()


def test_the_order_of_the_rows_does_not_matter_but_the_seed_does():
    labels, shuffled = drawn(np.random.default_rng(3), 120), np.random.default_rng(4).permutation(120)
    key = keyed_hash([f"row{row}" for row in range(120)], "any")
    rows = np.arange(120)
    part = draw_label_parts(labels, rows, key, SHARES)
    assert (draw_label_parts(labels[shuffled], rows, key[shuffled], SHARES) == part[shuffled]).all()
    splits = [StratifiedSplit(SHARES, seed, stable=False, num_bins=10)(keys(labels)) for seed in (0, 1)]
    assert (splits[0] != splits[1]).any()


def test_folds_deal_labels_too_and_a_label_with_one_row_always_trains():
    labels = drawn(np.random.default_rng(5))
    labels[:, 0] = 0
    labels[7, 0] = 1
    folds = [FoldSplit((0.8, 0.0, 0.2), 5, fold, 0, 10)(keys(labels)) for fold in range(5)]
    assert all(split[7] != "val" for split in folds)
    shares = [(labels[split == "val"][:, 3] == 1).mean() for split in folds]
    assert max(shares) - min(shares) < 0.05


def test_a_label_that_misses_a_part_is_named():
    labels = drawn(np.random.default_rng(6))
    labels[:, 0] = 0
    labels[7, 0] = 1
    how = StratifiedSplit(SHARES, 0, stable=False, num_bins=10)
    drawn_from = keys(labels, classes=tuple("abcdef"))
    (said,) = [note for note in how.notes(drawn_from, how(drawn_from)) if "missing from" in note]
    assert "labels missing from a part (rows in train/val/test): a 1/0/0" in said
