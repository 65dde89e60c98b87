"""Sets and intervals against the formulas of the papers, row by row, and how often they hold the truth."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from groundwork.metrics import Promise, class_scores, fit_spread

RNG = np.random.default_rng(0)
Floats = NDArray[np.float64]


def draw(num: int, seed: int, sharpness: float = 1.5) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Draw probabilities that are too sure, labels, and uniform numbers."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, sharpness, (num, 5))
    target = (rng.random((num, 1)) < softmax(logits, axis=1).cumsum(axis=1)).argmax(axis=1)
    return softmax(2 * logits, axis=1), target, rng.random(num)


def zeros(num: int) -> NDArray[np.int64]:
    return np.zeros(num, dtype=np.int64)


def promise(prob: Floats, target: NDArray[np.int64], uniform: Floats | None, kind: str = "aps", by_class: bool = False,
            fold: NDArray[np.int64] | None = None, level: float = 0.9) -> Promise:  # fmt: skip
    score = class_scores(prob, uniform, kind == "raps")[np.arange(len(target)), target][:, None]
    group = target if by_class else zeros(len(target))
    fold = zeros(len(target)) if fold is None else fold
    return Promise(level, kind, uniform is not None, by_class, score, fold, group)  # type: ignore[arg-type]


def textbook_score(prob: Floats, label: int, u: float, kind: str) -> float:
    """Romano, Sesia and Candès 2020, equation 5 with its randomization; Angelopoulos et al. 2021, equation 4."""
    before = [p for p in prob if p > prob[label]]
    regularization = 0.1 * max(len(before) + 1 - 2, 0) if kind == "raps" else 0.0
    return sum(before) + u * prob[label] + regularization


@pytest.mark.parametrize("kind", ["aps", "raps"])
def test_split_sets_follow_the_textbook(kind: str):
    prob, target, uniform = draw(60, 1)
    new, _, fresh = draw(40, 2)
    scores = sorted(textbook_score(*each, kind) for each in zip(prob, target, uniform, strict=True))
    cut = scores[math.ceil(0.9 * 61) - 1]
    expected = [
        [textbook_score(row, k, u, kind) <= cut for k in range(5)] for row, u in zip(new, fresh, strict=True)
    ]
    found = promise(prob, target, uniform, kind).sets(new[None], fresh, zeros(40))
    assert found.tolist() == expected


def test_sets_of_folds_follow_the_textbook():
    # Romano, Sesia and Candès 2020, equation 10.
    prob, target, _ = draw(50, 3)
    fold = np.arange(50) % 3
    new = np.stack([draw(20, seed)[0] for seed in (4, 5, 6)])
    made = promise(prob, target, None, fold=fold)
    ours = made.sets(new, RNG.random(20), zeros(20))
    own = [textbook_score(prob[i], target[i], 1.0, "aps") for i in range(50)]
    for row in range(20):
        top = int(new[:, row].mean(axis=0).argmax())
        for label in range(5):
            below = sum(own[i] < textbook_score(new[fold[i], row], label, 1.0, "aps") for i in range(50))
            assert ours[row, label] == (below < 0.9 * 51 or label == top)


def test_intervals_of_folds_follow_the_textbook():
    # Barber et al. 2021, equation 1 with CV+: the floor(a (n + 1))-th smallest and the ceil((1 - a) (n + 1))-th.
    residual, fold = np.abs(RNG.normal(size=40)), np.arange(40) % 4
    values = RNG.normal(size=(4, 10, 1))
    made = Promise(0.8, "absolute", False, False, residual[:, None], fold, zeros(40))
    lower, upper = made.intervals(values, zeros(10))
    for row in range(10):
        center = values[fold, row, 0]
        assert lower[row, 0] == pytest.approx(sorted(center - residual)[math.floor(0.2 * 41) - 1])
        assert upper[row, 0] == pytest.approx(sorted(center + residual)[math.ceil(0.8 * 41) - 1])


def test_a_group_with_too_few_rows_gets_everything():
    score, group = RNG.random((17, 1)), np.repeat([0, 1], [8, 9])
    made = Promise(0.9, "absolute", False, False, score, zeros(17), group)
    assert (made.everything(0), made.everything(1), made.everything(2)) == (True, False, True)
    lower, upper = made.intervals(np.zeros((1, 3, 1)), np.array([0, 1, 2]))
    assert upper.ravel().tolist() == [np.inf, score[8:].max(), np.inf]
    assert lower.ravel().tolist() == (-upper).ravel().tolist()


def test_a_class_keeps_the_promise_by_itself():
    prob, target, uniform = draw(400, 7)
    made = promise(prob, target, uniform, by_class=True)
    new, _, fresh = draw(30, 8)
    found = made.sets(new[None], fresh, zeros(30))
    for label in range(5):
        rows = np.flatnonzero(target == label)
        own = sorted(textbook_score(prob[i], label, uniform[i], "aps") for i in rows)
        cut = own[math.ceil(0.9 * (len(rows) + 1)) - 1]
        assert found[:, label].tolist() == [
            textbook_score(row, label, u, "aps") <= cut for row, u in zip(new, fresh, strict=True)
        ]


@pytest.mark.parametrize("rows", [30, 300])
@pytest.mark.parametrize("randomized", [True, False])
def test_sets_hold_the_truth_as_often_as_promised(rows: int, randomized: bool):
    covered = []
    for split in range(20):
        prob, target, uniform = draw(rows, 100 + split)
        new, truth, fresh = draw(1000, 200 + split)
        made = promise(prob, target, uniform if randomized else None)
        covered.append(made.sets(new[None], fresh, zeros(1000))[np.arange(1000), truth].mean())
    error = float(np.std(covered, ddof=1) / np.sqrt(20))
    assert np.mean(covered) >= 0.9 - 2 * error
    if randomized and rows == 300:  # exact: not much more than promised either
        assert np.mean(covered) <= 0.9 + 1 / 301 + 3 * error


def test_intervals_hold_the_truth_as_often_as_promised_and_are_wider_where_errors_are_larger():
    covered, widths = [], []
    for split in range(20):
        rng = np.random.default_rng(split)
        value = rng.uniform(1, 10, (1300, 1))
        target = value + rng.normal(0, 0.2 * value)
        spread = fit_spread(value[:300, 0], target[:300, 0])
        score = np.abs(value - target)[300:330] / spread(value[300:330])
        made = Promise(0.9, "normalized", False, False, score, zeros(30), zeros(30), (spread,))
        lower, upper = made.intervals(value[None, 330:], zeros(970))
        covered.append(((lower <= target[330:]) & (target[330:] <= upper)).mean())
        width, small = upper - lower, value[330:] < 3
        widths.append(width[~small].mean() / width[small].mean())
    assert np.mean(covered) >= 0.9 - 2 * np.std(covered, ddof=1) / np.sqrt(20)
    assert np.mean(widths) > 2


def test_errors_without_any_spread_and_targets_that_are_missing():
    flat = fit_spread(np.arange(30.0), np.arange(30.0))
    low, high = flat(np.array([0.0, 99.0]))
    assert low == high > 0
    gone = fit_spread(np.arange(4.0), np.full(4, np.nan))
    assert gone(np.zeros(2)).tolist() == [1.0, 1.0]
    score = np.array([[np.nan]] * 5 + [[1.0]] * 9)
    made = Promise(0.9, "absolute", False, False, score, zeros(14), zeros(14))
    assert made.intervals(np.zeros((1, 1, 1)), zeros(1))[1].item() == 1.0


def test_quantiles_are_moved_by_the_score_of_their_paper_and_cover_as_often():
    # Romano, Patterson and Candès 2019, equations 6 and 9: here the quantiles are far too narrow.
    rng = np.random.default_rng(5)
    x, y = rng.random((2, 400)), rng.normal(size=(2, 400))
    y = (0.3 + x) * y
    rows = np.stack([0 * x, -0.5 * (0.3 + x), 0.5 * (0.3 + x)], axis=2)  # (2, 400, 3): the median first
    score = np.maximum(rows[0, :, 1] - y[0], y[0] - rows[0, :, 2])
    cut = np.sort(score)[math.ceil(0.9 * 401) - 1]
    made = Promise(0.9, "quantile", False, False, score[:, None], zeros(400), zeros(400))
    low, high = made.intervals(rows[1][None], zeros(400))
    np.testing.assert_allclose(low[:, 0], rows[1, :, 1] - cut)
    np.testing.assert_allclose(high[:, 0], rows[1, :, 2] + cut)
    assert abs(((low[:, 0] <= y[1]) & (y[1] <= high[:, 0])).mean() - 0.9) < 0.05
    wide = Promise(0.9, "quantile", False, False, score[:, None] - 9, zeros(400), zeros(400))
    low, high = wide.intervals(rows[1][None], zeros(400))
    assert (low == high).all()  # never past each other


def test_quantiles_of_small_groups_cover_each_group_as_often_as_its_size_says():
    # A rank k of n exchangeable scores is not exceeded with probability k / (n + 1), and 8 rows can't leave out any.
    sizes, draws = [8, 9, 15, 30], 400
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(4), sizes)
    new = np.tile(np.arange(4), 5)
    inside = np.empty((draws, len(new)))
    for draw in range(draws):
        noise = [
            (1 + each) * rng.normal(size=len(each)) for each in (group, new)
        ]  # each group its own spread
        scores = np.abs(noise[0]) - 0.5  # of quantiles at -0.5 and 0.5, the same for all groups
        made = Promise(0.9, "quantile", False, False, scores[:, None], zeros(len(group)), group)
        low, high = made.intervals(np.tile([0.0, -0.5, 0.5], (1, len(new), 1)), new)
        inside[draw] = (low[:, 0] <= noise[1]) & (noise[1] <= high[:, 0])
    for number, size in enumerate(sizes):
        found = inside[:, new == number].mean(axis=1)  # rows of a draw share its scores
        expected = min(1.0, math.ceil(0.9 * (size + 1) - 1e-9) / (size + 1))
        assert expected >= 0.9
        assert abs(found.mean() - expected) <= 3 * found.std() / math.sqrt(draws) + 1e-12
