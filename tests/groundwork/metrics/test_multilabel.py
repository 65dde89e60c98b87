import numpy as np
import pytest
from sklearn import metrics as sk
from torchmetrics.classification import MultilabelF1Score

from groundwork.core.errors import UserError
from groundwork.metrics import MultilabelMetrics

NAMES = ("a", "b", "c")


def build(threshold=None):
    return MultilabelMetrics(monitor="average_precision", resamples=100, extra={}, threshold=threshold)


def random_case(seed, rows=60):
    rng = np.random.default_rng(seed)
    target = (rng.random((rows, 3)) < [0.15, 0.5, 0.8]).astype(float)
    prob = np.round(np.clip(0.3 * target + 0.6 * rng.random((rows, 3)), 0, 1), 2)  # with ties
    return prob, target


@pytest.mark.parametrize("seed", range(3))
def test_every_metric_is_that_of_scikit_learn(seed):
    prob, target = random_case(seed)
    found, decided = build()(prob, target, NAMES), (prob >= 0.5).astype(int)
    for name, one in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
        each = one(target, decided, average=None, zero_division=0)
        assert [found[f"{name}/{label}"] for label in NAMES] == pytest.approx(each)
        assert found[name] == pytest.approx(one(target, decided, average="macro", zero_division=0))
        assert found[f"{name}_micro"] == pytest.approx(one(target, decided, average="micro"))
    for name, one in (("auroc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        assert [found[f"{name}/{label}"] for label in NAMES] == pytest.approx(one(target, prob, average=None))
        assert found[name] == pytest.approx(one(target, prob, average="macro"))
        assert found[f"{name}_micro"] == pytest.approx(one(target, prob, average="micro"))
    assert found["exact_match"] == pytest.approx(sk.accuracy_score(target, decided))
    assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(target, decided))
    clipped = np.clip(prob, 1e-15, 1 - 1e-15)
    losses = [sk.log_loss(target[:, t], clipped[:, t], labels=[0, 1]) for t in range(3)]
    assert found["log_loss"] == pytest.approx(np.mean(losses), rel=1e-2)


def test_unknown_labels_count_nowhere():
    prob, target = random_case(3)
    target[np.random.default_rng(9).random(target.shape) < 0.3] = np.nan
    target[0] = np.nan
    found, decided, known = build()(prob, target, NAMES), (prob >= 0.5).astype(float), ~np.isnan(target)
    for t, label in enumerate(NAMES):
        rows = known[:, t]
        assert found[f"f1/{label}"] == pytest.approx(sk.f1_score(target[rows, t], decided[rows, t]))
        assert found[f"auroc/{label}"] == pytest.approx(sk.roc_auc_score(target[rows, t], prob[rows, t]))
    assert found["auroc_micro"] == pytest.approx(sk.roc_auc_score(target[known], prob[known]))
    assert found["hamming_loss"] == pytest.approx((decided != target)[known].mean())
    right = ((decided == target) | ~known).all(axis=1)[known.any(axis=1)]
    assert found["exact_match"] == pytest.approx(right.mean())


def test_a_label_that_nobody_has_is_undefined_and_in_no_mean_and_one_never_called_has_precision_0_there():
    target = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1]], float)
    prob = np.array([[0.9, 0.1, 0.2], [0.8, 0.2, 0.3], [0.1, 0.7, 0.4]])
    found = build()(prob, target, NAMES)
    assert np.isnan([found["recall/b"], found["auroc/b"], found["precision/c"]]).all()
    assert (found["precision"], found["recall"], found["f1"]) == (0.5, 0.5, 0.5)
    assert found["average_precision"] == pytest.approx(1.0)


@pytest.mark.parametrize("case", ["random", "perfect", "unknown", "none", "one row"])
def test_every_interval_holds_its_value_and_a_faultless_prediction_is_not_certain(case):
    prob, target = random_case(4, rows=1 if case == "one row" else 40)
    if case == "perfect":
        prob = 0.1 + 0.8 * target
    if case == "unknown":
        target[:, 1] = np.nan
    if case == "none":
        target[:] = 0
    group = None if case == "perfect" else [f"g{row // 2}" for row in range(len(target))]
    found = build().intervals(prob, target, NAMES, group=group, seed=0)
    assert set(found) == set(build()(prob, target, NAMES))
    for name, one in found.items():
        if not np.isnan(one["value"]) and not np.isnan(one["low"]):
            assert one["low"] <= one["value"] <= one["high"], name
        assert name == "log_loss" or np.isnan(one["value"]) or 0 <= one["low"] <= one["high"] <= 1, name
    if case == "perfect":
        shares = [one["low"] for name, one in found.items() if name not in ("log_loss", "hamming_loss")]
        assert max(shares) < 0.99


def test_more_samples_give_narrower_intervals_and_groups_wider_ones():
    prob, target = random_case(5, rows=300)
    widths = []
    for rows, group in ((75, None), (300, None), (300, [f"g{row // 30}" for row in range(300)])):
        found = build().intervals(prob[:rows], target[:rows], NAMES, group=group, seed=0)
        widths.append(
            [found[name]["high"] - found[name]["low"] for name in ("f1", "exact_match", "auroc_micro")]
        )
    assert (np.array(widths[0]) > widths[1]).all()
    assert (np.array(widths[2]) > widths[1]).all()


@pytest.mark.parametrize("monitor", ["average_precision", "exact_match"])
def test_each_label_gets_the_threshold_that_makes_its_own_criterion_largest(monitor):
    prob, target = random_case(6)
    target[3, 0] = np.nan
    chosen, criterion = build("auto").choose(prob, target, NAMES, monitor)

    def score(truth, called):
        hit = ((truth == 1) & called).sum()
        return (
            2 * hit / max((truth == 1).sum() + called.sum(), 1)
            if criterion == "f1"
            else (truth == called).mean()
        )

    for t in range(3):
        known = ~np.isnan(target[:, t])
        values = [score(target[known, t], prob[known, t] >= cut) for cut in np.arange(0, 1.005, 0.005)]
        assert score(target[known, t], prob[known, t] >= chosen.threshold[t]) == pytest.approx(max(values))
    assert criterion == ("accuracy" if monitor == "exact_match" else "f1")
    assert (chosen.decide(prob, NAMES) == (prob >= np.array(chosen.threshold))).all()


@pytest.mark.parametrize("given", [1.5, [0.5, 2], "half"])
def test_a_threshold_must_be_a_probability(given):
    with pytest.raises(UserError, match=r"metrics\.threshold"):
        build(given)


def test_thresholds_must_be_as_many_as_labels():
    with pytest.raises(UserError, match="each of 3 labels, but got 2"):
        build([0.5, 0.4]).thresholds(NAMES)


def test_the_direction_of_each_metric_is_known():
    metrics = build()
    assert [metrics.direction(name) for name in ("exact_match", "f1_micro", "hamming_loss", "auroc/a")] == [
        "max", "max", "min", "max",
    ]  # fmt: skip


@pytest.mark.parametrize("monitor", ["val/accuracy", "exact_match_micro", "log_loss/a", "f1_micro/a"])
def test_a_monitor_that_labels_do_not_have_is_refused(monitor):
    with pytest.raises(UserError, match="Choose one of: average_precision"):
        build().direction(monitor)


def test_a_metric_of_ones_own_gets_an_interval_beside_the_others():
    extra = {"mine": MultilabelF1Score(num_labels=3, average="micro", threshold=0.499)}
    metrics = MultilabelMetrics(monitor="f1", resamples=20, extra=extra, threshold=None)
    prob, target = random_case(1)
    found = metrics.intervals(prob, target, NAMES, group=None, seed=0)
    assert found["mine"]["value"] == pytest.approx(found["f1_micro"]["value"])
    assert found["mine"]["low"] < found["mine"]["value"] < found["mine"]["high"]
    assert found["f1"]["low"] < found["f1"]["value"]
