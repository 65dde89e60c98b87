"""Confident learning by its formulas, written again with loops; planted flips are found; the list is dropped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from groundwork.core.errors import UserError
from groundwork.data import TableDataModule
from groundwork.data.drop import split_dropped
from groundwork.evaluate.suspects.confident import confident_joint, likely_labels, margin, rank, wrong_share
from groundwork.evaluate.suspects.planted import measure_planted, plant
from groundwork.launch.commands import audit
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import compose_run
from groundwork.report.page import shown_path


def by_loops(prob: NDArray[np.float64], given: NDArray[np.int64]) -> tuple[list[int], NDArray[np.float64]]:
    """Equations 2 and 3 of arXiv 1911.00068, sample by sample."""
    classes = range(prob.shape[1])
    threshold = {j: np.mean([p[j] for p, y in zip(prob, given, strict=True) if y == j]) for j in classes}
    likely, joint = [], np.zeros((len(classes), len(classes)))
    for p, y in zip(prob, given, strict=True):
        confident = [j for j in classes if p[j] >= threshold[j]]
        likely.append(max(confident, key=lambda j: p[j]) if confident else -1)
        if confident:
            joint[y, likely[-1]] += 1
    for y in classes:
        joint[y] *= np.sum(given == y) / joint[y].sum()
    return likely, joint / joint.sum()


def test_the_joint_follows_the_formulas_of_the_paper():
    rng = np.random.default_rng(0)
    prob, given = rng.dirichlet([0.5, 1, 0.8], 300), rng.integers(0, 3, 300)
    likely, joint = by_loops(prob, given)
    assert likely_labels(prob, given).tolist() == likely
    assert confident_joint(prob, given) == pytest.approx(joint)
    assert wrong_share(prob, given) == pytest.approx(joint.sum() - joint.trace())


def test_the_least_probable_labels_come_first_and_of_equals_that_with_the_surer_other_class():
    prob = np.array([[0.9, 0.1, 0.0], [0.2, 0.4, 0.4], [0.3, 0.3, 0.4], [0.8, 0.2, 0.0]])
    given = np.array([0, 0, 1, 1])
    assert margin(prob, given) == pytest.approx([0.8, -0.2, -0.1, -0.6])
    assert rank(prob, given).tolist() == [3, 1, 2, 0]


def test_a_class_that_no_sample_is_labeled_with_is_never_likely():
    prob = np.array([[0.1, 0.9], [0.2, 0.8]])
    assert likely_labels(prob, np.array([0, 0])).tolist() == [-1, 0]


def test_planted_labels_change_the_class_and_empty_none():
    given = np.repeat([0, 1, 2], [40, 1, 59])
    labels, changed = plant(given, 3, 0.2, 0)
    assert changed.sum() == 20
    assert ((labels != given) == changed).all()
    assert (np.bincount(labels[~changed], minlength=3) > 0).all()


def test_flipped_digits_stand_among_the_first_tenth():
    digits = load_digits()
    rows = np.random.default_rng(0).permutation(len(digits.target))[:300]
    inputs, given = digits.data[rows] / 16, digits.target[rows]

    def predict(labels: NDArray[np.int64]) -> NDArray[np.float64]:
        model = LogisticRegression(C=0.3, max_iter=200)
        return np.asarray(cross_val_predict(model, inputs, labels, cv=3, method="predict_proba"))

    found = measure_planted(given, 10, predict)
    assert found["planted"] == 15
    assert found["recall_first"]["rows"] == 30
    assert found["recall_first"]["value"] >= 0.8
    assert found["recall_first"]["low"] < found["recall_first"]["value"]
    assert found["cost"]["0.8"] <= found["cost"]["0.95"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"name": [f"n{row}" for row in range(80)], "size": rng.normal(0, 1, 80)})
    frame["kind"] = np.where(frame["size"] > 0, "big", "small")
    path = tmp_path_factory.mktemp("table") / "table.csv"
    frame.to_csv(path, index=False)
    return path


def data_of(table: Path, **changes: object) -> TableDataModule:
    return TableDataModule.from_table(table, "kind", id_column="name", task="classification", **changes)


def test_named_training_rows_are_left_out_and_others_stay(table: Path, tmp_path: Path):
    whole = data_of(table).prepared
    listed = [whole.samples.sample_id[whole.rows[split][:3]].tolist() for split in ("train", "val", "test")]
    drop = tmp_path / "drop.csv"
    pd.DataFrame({"sample_id": [*listed[0], *listed[1], *listed[2]]}).to_csv(drop, index=False)
    left = data_of(table, drop_samples=str(drop)).prepared
    assert set(whole.rows["train"]) - set(left.rows["train"]) == set(whole.rows["train"][:3])
    for split in ("val", "test"):
        assert left.rows[split].tolist() == whole.rows[split].tolist()
    assert left.split_hash == whole.split_hash
    told = " ".join(left.notes)
    assert "3 of 56 training rows are left out" in told
    assert "3 val rows" in told
    assert "3 test rows" in told
    written = np.where(left.dropped, "dropped", left.split) if left.dropped is not None else left.split
    split, dropped = split_dropped(written.tolist())
    assert split.tolist() == left.split.tolist()
    assert dropped.sum() == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\nn1\n", "column sample_id"),
        ("sample_id\nelsewhere\n", "1 of 1 are not there"),
        (None, "not a file"),
    ],
)
def test_a_file_that_names_no_sample_of_the_data_is_refused(
    table: Path, tmp_path: Path, text: str | None, told: str
):
    drop = tmp_path / "drop.csv"
    if text is not None:
        drop.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=told):
        _ = data_of(table, drop_samples=str(drop)).prepared


def test_a_class_must_keep_a_training_row(table: Path, tmp_path: Path):
    frame, drop = pd.read_csv(table), tmp_path / "drop.csv"
    frame.loc[frame.kind == "big", ["name"]].rename(columns={"name": "sample_id"}).to_csv(drop, index=False)
    with pytest.raises(UserError, match="class 'big'"):
        _ = data_of(table, drop_samples=str(drop)).prepared


def test_an_audit_lists_labels_that_contradict_the_rest(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("groundwork.evaluate.suspects.held_out.NUM_FOLDS", 3)
    frame = pd.read_csv(table)
    whole = data_of(table).prepared
    wrong = whole.samples.sample_id[
        whole.rows["train"][np.abs(frame["size"].to_numpy()[whole.rows["train"]]) > 1][:2]
    ]
    marked = frame.name.isin(wrong)
    frame.loc[marked, "kind"] = np.where(frame.kind[marked] == "big", "small", "big")
    frame.to_csv(tmp_path / "wrong.csv", index=False)
    words = ["data=table", f"data.table={tmp_path / 'wrong.csv'}", "data.target=kind", "data.id_column=name"]
    words += ["suspects=true", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    assert audit(words) == 0
    (path,) = (tmp_path / "runs").glob("*/*/suspects.csv")
    suspects = pd.read_csv(path)
    assert set(wrong) <= set(suspects.sample_id)
    assert list(suspects.columns) == ["sample_id", "split", "given", "likely", "probability", "margin"]
    assert "test" not in set(suspects.split)
    *_, first, last = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next")]
    assert "suspects=true" not in first
    command, _, folds = first.partition(" -m ")  # of a val too small to decide
    assert last == f"{command} data.drop_samples={shown_path(path)} -m {folds}"
    page = path.with_name("suspects.html").read_text(encoding="utf-8")
    assert str(suspects.sample_id[0]) in page


def test_values_have_no_suspect_labels(table: Path, tmp_path: Path):
    words = ["data=table", f"data.table={table}", "data.target=size", "suspects=true", "task=regression"]
    with pytest.raises(UserError, match="must have classes"):
        audit([*words, f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"])


def test_training_does_not_look_for_suspects(table: Path):
    with pytest.raises(UserError, match="looks at data before anyone trains"):
        check_combination(
            compose_run(["data=table", f"data.table={table}", "data.target=kind", "suspects=true"])
        )
