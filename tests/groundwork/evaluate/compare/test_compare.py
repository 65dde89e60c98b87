"""Compared runs: numbers against their formulas by hand, groups, refusals; on run folders written here."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas import DataFrame, read_csv
from yaml import safe_dump, safe_load

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.compare.best_of import correct_best
from groundwork.evaluate.compare.finished import read_runs
from groundwork.evaluate.compare.grouping import group_runs
from groundwork.evaluate.compare.rows import compare_groups
from groundwork.evaluate.ledger import append_test
from groundwork.launch.commands import compare
from groundwork.metrics import paired_difference
from groundwork.report.figures.comparison import draw

Write = Callable[..., Path]
CLASSES = ["cat", "dog"]
METRICS = {
    "_target_": "groundwork.metrics.ClassificationMetrics",
    "monitor": "accuracy",
    "resamples": 100,
    "extra": {},
    "top_k": [5],
    "positive": None,
    "threshold": None,
}
T_2, T_4 = 4.302652729911275, 2.7764451051977987  # 97.5 % of Student's t, 2 and 4 degrees, from tables


def target(split_seed: int, size: int = 60) -> Any:
    return np.random.default_rng((7, split_seed)).integers(0, 2, size)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a finished run that has `wrong` samples of its split wrong."""

    def one(
        run_id: str,
        wrong: Any,
        *,
        lr: float = 0.1,
        seed: int = 0,
        split_seed: int = 0,
        train: int = 240,
        subset: float = 1.0,
        sealed: bool = False,
        **changes: Any,
    ) -> Path:
        folder = tmp_path / "runs" / "some" / run_id
        (folder / "predictions").mkdir(parents=True)
        truth = target(split_seed)
        missed = np.isin(np.arange(len(truth)), wrong)
        dog = np.where(truth == 1, 0.9, 0.1)
        dog[missed] = 1 - dog[missed]
        names = np.array(CLASSES)
        table = {"sample_id": [f"{split_seed}-{i:03d}" for i in range(len(truth))], "target": names[truth]}
        table |= {"prediction": names[(dog > 0.5).astype(int)], "prob/cat": 1 - dog, "prob/dog": dog}
        # The order of the rows of a file means nothing.
        shuffled = DataFrame(table).sample(frac=1, random_state=seed)
        shuffled.to_parquet(folder / "predictions" / ("test.parquet" if sealed else "val.parquet"))
        config = {
            "name": "some", "seed": seed, "monitor": "accuracy", "paths": {"runs": run_id},
            "split": {"seed": split_seed}, "optim": {"lr": lr, "again": {"lr": lr}}, "metrics": METRICS,
            "subset": {"_target_": "groundwork.data.StratifiedSubset", "fraction": subset},
        }  # fmt: skip
        accuracy = float(1 - missed.mean())
        result = {
            "status": "done", "task": "classification", "monitor": "accuracy", "direction": "max",
            "n": {"train": train, "val": 60, "test": 60}, "val": {"accuracy": accuracy},
            "split_hash": f"split{split_seed}",
        }  # fmt: skip
        if sealed:
            result |= {"test": {"accuracy": {"value": accuracy}}, "test_count": 1, "seal": {"time": "then"}}
        data = {"classes": CLASSES, "targets": ["animal"], "content_hash": "c0ffee"}
        (folder / "config.yaml").write_text(safe_dump(config), encoding="utf-8")
        (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
        (folder / "result.json").write_text(json.dumps(result | changes), encoding="utf-8")
        return folder

    return one


def table(tmp_path: Path) -> DataFrame:
    """Compare without files and pictures."""
    rows = compare_groups(group_runs(read_runs(RunFolder.match(f"{tmp_path}/runs/*/*"))[0]), "val")
    return rows[rows["metric"] == "accuracy"].set_index("group")


def written(tmp_path: Path, *words: str) -> DataFrame:
    """Compare by the command, and read what it wrote."""
    assert compare([f"runs={tmp_path}/runs/*/*", f"output={tmp_path}/out", *words]) == 0
    rows = read_csv(tmp_path / "out" / "comparison.csv")
    return rows[rows["metric"] == "accuracy"].set_index("group")


def test_seeds_and_folds_of_one_test_part_have_the_interval_of_its_samples(
    tmp_path: Path, write: Write
) -> None:
    for fold, wrong in enumerate([9, 9, 10]):
        one = {"value": 1 - wrong / 60, "low": 1 - wrong / 60 - 0.1, "high": 1 - wrong / 60 + 0.07}
        changes = {"test": {"accuracy": one}, "split_hash": f"fold{fold}"}
        write(f"r{fold}", range(wrong), seed=fold, sealed=True, **changes)
    written(tmp_path, "split=test")
    row = read_csv(tmp_path / "out" / "comparison.csv").set_index("metric").loc["accuracy"]
    spread = 1.96 * np.std([9 / 60, 9 / 60, 10 / 60], ddof=1) / math.sqrt(3)
    assert row["mean"] - row["low"] == pytest.approx(math.hypot(0.1, spread))
    assert row["high"] - row["mean"] == pytest.approx(math.hypot(0.07, spread))


def test_a_val_that_chose_has_no_interval(tmp_path: Path, write: Write) -> None:
    interval = {"val": {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}}}
    for name, method in (("a", "nothing was chosen on val"), ("b", "bootstrap bias correction")):
        place = write(name, range(6), lr={"a": 0.1, "b": 0.2}[name], intervals=interval,
                      corrected={"accuracy": {"value": 0.85, "method": method}})  # fmt: skip
        assert place.is_dir()
    rows = table(tmp_path)
    assert rows.loc["optim.lr=0.1", "low"] == pytest.approx(0.8)
    assert math.isnan(rows.loc["optim.lr=0.2", "low"])
    written(tmp_path)
    assert "Val chose, so its number is optimistic" in (tmp_path / "out" / "comparison.md").read_text(
        encoding="utf-8"
    )


def test_folds_are_corrected_for_their_shared_training_samples(tmp_path: Path, write: Write) -> None:
    for fold, wrong in enumerate([3, 6, 9, 12, 15]):
        write(f"r{fold}", range(wrong), split_seed=fold)
    row = table(tmp_path).loc["all runs"]
    sd = 0.05 * math.sqrt(2.5)
    assert row["sd"] == pytest.approx(sd)
    # k = 5 folds of 60 beside 240 training samples: 1/5 + 1/4 in the place of 1/5.
    assert row["high"] - row["mean"] == pytest.approx(T_4 * sd * math.sqrt(1 / 5 + 60 / 240))


def test_two_runs_on_the_same_samples_are_tested_as_mcnemar_does(tmp_path: Path, write: Write) -> None:
    write("best", range(4), lr=0.1)
    write("other", range(2, 16), lr=0.2)  # 2 that best alone has wrong, 12 that it alone has right
    rows = table(tmp_path)
    assert list(rows.index) == ["optim.lr=0.1", "optim.lr=0.2"]
    assert rows["remark"].iloc[0] == "best"
    row = rows.loc["optim.lr=0.2"]
    assert row["difference"] == pytest.approx(-10 / 60)
    assert row["p"] == pytest.approx(2 * sum(math.comb(14, i) for i in range(3)) / 2**14, abs=0.006)
    # The difference is a sum of independent draws: its deviation follows from the 14 samples that differ.
    sd = math.sqrt((14 / 60 - (10 / 60) ** 2) / 60)
    assert row["difference_low"] == pytest.approx(-10 / 60 - 1.96 * sd, abs=0.05)
    assert row["difference_high"] == pytest.approx(-10 / 60 + 1.96 * sd, abs=0.05)
    assert math.isnan(row["low"])  # one run has no spread over runs


def test_all_pairs_are_compared_at_once_and_never_better_than_alone(tmp_path: Path, write: Write) -> None:
    write("best", [], lr=0.1)
    write("near", range(6), lr=0.2)
    write("far", range(8), lr=0.3)
    rows = table(tmp_path)
    assert rows.loc["optim.lr=0.3", "p"] >= 2 / 2**8 - 0.005  # two alike do not add to what each says alone
    assert rows.loc["optim.lr=0.2", "p"] == pytest.approx(2 / 2**6, abs=0.01)


def test_differences_over_split_seeds_are_paired_by_split(tmp_path: Path, write: Write) -> None:
    for split_seed, (one, other) in enumerate([(3, 6), (12, 18), (21, 30)]):
        write(f"a{split_seed}", range(one), split_seed=split_seed)
        write(f"b{split_seed}", range(other), lr=0.2, split_seed=split_seed)
    row = table(tmp_path).loc["optim.lr=0.2"]
    margin = T_2 * 0.05 * math.sqrt(1 / 3 + 60 / 240)  # differences -0.05, -0.10, -0.15
    assert row["difference"] == pytest.approx(-0.1)
    assert row["difference_high"] == pytest.approx(-0.1 + margin)
    # Student's t with two degrees of freedom has its tail in closed form.
    t = 0.1 / (0.05 * math.sqrt(1 / 3 + 60 / 240))
    assert row["p"] == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_other_samples_are_not_subtracted(tmp_path: Path, write: Write) -> None:
    write("a", range(3))
    write("b", range(6), lr=0.2, split_seed=1)
    row = table(tmp_path).loc["optim.lr=0.2"]
    assert math.isnan(row["difference"])
    assert row["remark"] == "other samples than the best"


def test_identical_runs_are_said_to_be_so(tmp_path: Path, write: Write) -> None:
    for seed in range(3):
        write(f"a{seed}", range(3), seed=seed)
        write(f"b{seed}", range(4 + seed // 2), lr=0.2, seed=seed)
    rows = table(tmp_path)
    row = rows.loc["optim.lr=0.1"]
    assert row["remark"] == "best; 3 runs identical, vary split.seed or fold"
    assert row["runs"] == 1
    assert math.isnan(row["low"])
    assert rows.loc["optim.lr=0.2", "runs"] == 2
    assert rows.loc["optim.lr=0.2", "remark"] == "2 of 3 runs identical, vary split.seed or fold"


def test_groups_that_predict_the_same_are_said_to(tmp_path: Path, write: Write) -> None:
    write("a", range(3))
    write("b", range(3), lr=0.2)
    row = table(tmp_path).loc["optim.lr=0.2"]
    assert row["remark"] == "predicts the same as the best"
    assert math.isnan(row["difference_low"])


def test_another_subset_gives_a_learning_curve(tmp_path: Path, write: Write) -> None:
    for lr in (0.1, 0.2):
        for fraction, train in ((0.5, 120), (1.0, 240)):
            write(f"{lr}{train}", range(round(900 * lr / train * 10)), lr=lr, subset=fraction, train=train)
    row = written(tmp_path).loc["optim.lr=0.1, subset.fraction=0.5"]
    assert (row["train_size"], row["series"]) == (120, "optim.lr=0.1")
    assert (tmp_path / "out" / "learning_curve.png").exists()


def test_the_test_split_is_read_from_sealed_results_only(tmp_path: Path, write: Write) -> None:
    write("a", range(3), sealed=True)
    b = write("b", range(6), lr=0.2)
    with pytest.raises(UserError, match=r"^split=test must find sealed runs, but 1 of 2 are not.*/b\. Use"):
        written(tmp_path, "split=test")
    (b / "config.yaml").unlink()
    write("c", range(6), lr=0.2, sealed=True)
    for number in range(3):
        append_test(
            tmp_path / "runs", "split0", "none", run_id=f"{number}", config={"optim": {"lr": number}},
            checkpoint_hash="", seed=0,
        )  # fmt: skip
    assert written(tmp_path, "split=test").loc["optim.lr=0.2", "difference"] == pytest.approx(-0.05)
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert text.endswith("Distinct configurations tested on these test rows so far: 3.\n")


def test_unfinished_runs_are_named_and_left_out(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a", range(3))
    write("b", range(6), lr=0.2, status="failed")
    assert list(written(tmp_path).index) == ["all runs"]
    assert len(read_csv(tmp_path / "out" / "runs.csv")) == 1
    assert "some/b is left out, as it is not finished (failed)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"monitor": "f1_macro"}, "runs of one monitor, but got accuracy"),
        ({"task": "regression"}, "runs of one task, but got classification"),
    ],
)
def test_what_cannot_stand_in_one_table_is_refused(
    tmp_path: Path, write: Write, changes: dict[str, str], said: str
) -> None:
    write("a", range(3))
    write("b", range(6), **changes)
    with pytest.raises(UserError, match=said) as caught:
        written(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_group_is_named_by_what_differs_but_not_by_its_repeats(tmp_path: Path, write: Write) -> None:
    write("a", range(3), seed=1, split_seed=1)
    write("b", range(3), seed=2, split_seed=2)
    write("c", range(3), lr=0.5, seed=3, split_seed=3)
    groups = group_runs(read_runs(RunFolder.match(f"{tmp_path}/runs/*/*"))[0])
    assert [(group.name, len(group.runs)) for group in groups] == [("optim.lr=0.1", 2), ("optim.lr=0.5", 1)]
    assert groups[0].differing == {"optim.lr": 0.1, "optim.again.lr": 0.1}


def test_an_option_names_its_group_in_one_word_and_long_values_are_shortened(
    tmp_path: Path, write: Write
) -> None:
    write("a", [0])
    sgd = write("b", [1], changes={"optim": ["adamw", "sgd"]})
    dropped = write("c", [2])
    for place, keys in (
        (sgd, {"optim": {"lr": 0.3, "momentum": 0.9, "nesterov": True}}),
        (dropped, {"data": {"drop": [f"column_{i}" for i in range(20)]}}),
    ):
        config = safe_load((place / "config.yaml").read_text(encoding="utf-8"))
        (place / "config.yaml").write_text(safe_dump(config | keys), encoding="utf-8")
    names = set(table(tmp_path).index)
    assert "optim=sgd" in names
    assert all(len(name) < 80 for name in names)
    assert any("…" in name for name in names)


def test_a_key_that_conf_has_got_since_names_no_group(tmp_path: Path, write: Write) -> None:
    write("a", [0])
    later = write("b", [1], lr=0.3, changes={"optim.lr": [0.1, 0.3]})
    config = safe_load((later / "config.yaml").read_text(encoding="utf-8"))
    (later / "config.yaml").write_text(safe_dump(config | {"callbacks": {"new": 1}}), encoding="utf-8")
    assert set(table(tmp_path).index) == {"optim.lr=0.1", "optim.lr=0.3"}


def test_runs_of_different_code_are_said_to_be_so(tmp_path: Path, write: Write) -> None:
    for run_id, commit in (("a", "a" * 40), ("b", "b" * 40), ("c", "b" * 40)):
        place = write(run_id, [0], lr={"a": 0.1}.get(run_id, 0.2), seed=ord(run_id))
        content = json.dumps({"git": {"commit": commit, "dirty": False}})
        (place / "environment.json").write_text(content, encoding="utf-8")
    written(tmp_path)
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert "different code: commit aaaaaaaa (1 run), bbbbbbbb (2 runs)" in text


def test_the_best_group_has_least_of_a_metric_that_should_be_low(tmp_path: Path, write: Write) -> None:
    for run_id, lr, far in (("a", 0.1, 0.4), ("b", 0.2, 0.1), ("c", 0.3, 0.2)):
        of_run = {
            "monitor": "far",
            "val": {"accuracy": 0.9, "far": far},
            "directions": {"far": "min", "accuracy": "max"},
        }
        write(run_id, range(6), lr=lr, **of_run)
    rows = compare_groups(group_runs(read_runs(RunFolder.match(f"{tmp_path}/runs/*/*"))[0]), "val")
    far = rows[rows["metric"] == "far"]
    assert far["group"].tolist() == ["optim.lr=0.2", "optim.lr=0.3", "optim.lr=0.1"]
    assert dict(zip(rows["metric"], rows["direction"], strict=True)) == {"far": "min", "accuracy": "max"}
    labels = [axes.get_xlabel() for axes in draw(rows)[0].figure.axes]
    assert labels == ["far\n(less is better)", "accuracy\n(more is better)"]


def test_samples_are_drawn_again_as_often_as_the_runs_draw_theirs(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id, lr, resamples in (("a", 0.1, 30), ("b", 0.2, 70)):
        place = write(run_id, range(3 + round(10 * lr)), lr=lr)
        config = safe_load((place / "config.yaml").read_text(encoding="utf-8"))
        config["metrics"]["resamples"] = resamples
        (place / "config.yaml").write_text(safe_dump(config), encoding="utf-8")
    write("c", range(30), lr=0.3, split_seed=1)  # on other samples, so that not all are compared at once
    drawn = []

    def note(*scores: Any, resamples: int, **keys: Any) -> Any:
        drawn.append(resamples)
        return paired_difference(*scores, resamples=resamples, **keys)

    monkeypatch.setattr("groundwork.evaluate.compare.paired.paired_difference", note)
    table(tmp_path)
    assert drawn == [70]


def test_unknown_words_and_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="split=train must be val or test"):
        compare(["runs=x", "split=train"])
    with pytest.raises(UserError, match=r"runs= \(a glob of run folders\) must be given"):
        compare([])


def write_judged(write: Write, run_id: str, wrong: Any, own: float = 0.0, **changes: Any) -> RunFolder:
    """Write a run with an interval, whose own choosing made val better by `own`."""
    value = 1 - len(wrong) / 60
    intervals = {"val": {"accuracy": {"value": value, "low": value - 0.1, "high": value + 0.08}}}
    corrected = {"accuracy": {"value": value - own, "low": 0.0, "high": 1.0, "method": "some"}}
    return RunFolder(write(run_id, wrong, intervals=intervals, corrected=corrected, **changes))


def test_the_best_of_many_equal_models_is_worth_what_each_of_them_is(write: Write) -> None:
    rng = np.random.default_rng(0)  # each model is right with probability 0.7
    every = [np.flatnonzero(rng.random(60) < 0.3) for _ in range(20)]
    runs = [write_judged(write, f"r{number:02d}", wrong) for number, wrong in enumerate(every)]
    best = min(range(20), key=lambda number: len(every[number]))
    assert 1 - len(every[best]) / 60 > 0.78  # what a search would report
    found = correct_best(runs, runs[best])
    assert found is not None
    assert found["value"] == pytest.approx(0.7, abs=0.04)
    assert found["value"] - found["low"] == pytest.approx(0.1)
    assert (found["n"], found["method"].count("20 runs")) == (60, 1)


def test_what_the_best_run_chose_by_itself_is_taken_out_too(write: Write) -> None:
    runs = [
        write_judged(write, name, range(wrong), own) for name, wrong, own in (("a", 9, 0.0), ("b", 6, 0.03))
    ]
    single = correct_best(runs[1:], runs[1])
    assert single is not None
    assert single["value"] == pytest.approx(0.9 - 0.03)
    both = correct_best(runs, runs[1])  # b is right wherever a is, so that it wins or ties in every draw
    assert both is not None
    assert both["value"] == pytest.approx(0.9 - 0.03, abs=0.02)


def test_runs_that_judged_by_other_rows_are_not_corrected(write: Write) -> None:
    runs = [write_judged(write, f"r{seed}", range(6), split_seed=seed) for seed in range(2)]
    assert correct_best(runs, runs[0]) is None
