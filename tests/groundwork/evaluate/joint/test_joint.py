"""Folds as one model: sealed once, predicted and exported as the mean of what each of them says."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.joint.folds import out_of_fold, why_not_folds
from groundwork.evaluate.joint.members import Joint, read_joint
from groundwork.evaluate.joint.network import join_columns
from groundwork.evaluate.joint.weights import average, why_not_averaged
from groundwork.evaluate.ledger import fingerprint, read_ledger
from groundwork.launch.commands import evaluate, export, predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.train.checkpoint import load, save

FAST = [
    "trainer=cpu",
    "execution=plain",
    "trainer.max_epochs=2",
    "metrics.resamples=20",
    "report.write=false",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds of a table whose rare category one of them alone has seen."""
    place, rng = tmp_path_factory.mktemp("joint"), np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(0, 1, 60), "color": rng.choice(["red", "blue"], 60)})
    frame["kind"] = np.where(
        frame["size"] + 2 * (frame.color == "red") + rng.normal(0, 1, 60) > 1, "good", "bad"
    )
    frame["name"] = [f"n{number}" for number in range(60)]
    frame.loc[[3], "color"] = "green"
    frame.to_csv(place / "table.csv", index=False)
    words = ["data=table", f"data.table={place / 'table.csv'}", "data.target=kind", "data.id_column=name"]
    words += ["model=mlp", "split=folds", "split.k=2", "name=folds"]
    words += ["metrics.threshold=auto", "task=classification"]
    for fold in range(2):
        own = [f"split.fold={fold}", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
        assert start(compose_run([*words, *FAST, *own])) == 0
    return place


@pytest.fixture
def joint(place: Path) -> Joint:
    return read_joint({"runs": f"{place}/runs/folds/*", "paths.runs": str(place / "runs")})


def test_out_of_fold_predictions_hold_every_row_of_train_and_val_once(joint: Joint):
    table = out_of_fold(joint).set_index("sample_id")
    for run in joint.members:
        val = pd.read_parquet(run.folder.predictions("val")).set_index("sample_id")
        assert table.loc[val.index].equals(val)
    splits = pd.read_csv(joint.first.folder.splits, dtype=str).set_index("sample_id").split
    assert sorted(table.index) == sorted(splits.index[splits != "test"])
    assert "all 2 folds" in str(why_not_folds(joint.members[:1]))


def test_the_mean_is_sealed_once_as_one_configuration(
    joint: Joint, place: Path, capsys: pytest.CaptureFixture[str]
):
    words = [f"runs={place}/runs/folds/*", "join=mean", "split=test", f"paths.runs={place / 'runs'}"]
    assert evaluate(words) == 0
    result = joint.folder.read_json("result")
    test = pd.read_parquet(joint.folder.predictions("test"))
    assert result["test"]["accuracy"]["value"] == pytest.approx((test.target == test.prediction).mean())
    decided = np.where(test["prob/good"] >= result["threshold"], "good", "bad")
    assert decided.tolist() == test.prediction.tolist()
    difference = result["test"]["accuracy"]["value"] - result["singles"]["accuracy"]
    assert result["gain"]["accuracy"]["difference"] == pytest.approx(difference)
    assert result["n"] == {"test": len(test), "oof": 60 - len(test)}
    (entry,) = read_ledger(place / "runs", result["split_hash"])
    assert entry["run_id"] == joint.folder.path.name
    assert result["test_count"] == 1
    assert all("test" not in run.folder.read_json("result") for run in joint.members)
    assert evaluate(words) == 0
    assert "is sealed already, since" in capsys.readouterr().out
    assert joint.folder.read_json("result") == result


def test_new_rows_get_the_mean_of_what_each_run_predicts(joint: Joint, place: Path, tmp_path: Path):
    table = f"input={place / 'table.csv'}"
    found = []
    for number, run in enumerate(joint.members):
        assert predict([f"run={run.folder.path}", table, f"output={tmp_path / f'{number}.parquet'}"]) == 0
        found.append(pd.read_parquet(tmp_path / f"{number}.parquet")["prob/good"].to_numpy())
    words = [f"runs={place}/runs/folds/*", table, f"output={tmp_path / 'joint.parquet'}"]
    assert predict([*words, f"paths.runs={place / 'runs'}"]) == 0
    whole = pd.read_parquet(tmp_path / "joint.parquet")
    assert whole["prob/good"].to_numpy() == pytest.approx(np.mean(found, axis=0), abs=1e-7)


@pytest.mark.slow
def test_one_graph_averages_runs_that_know_other_categories(joint: Joint, place: Path, tmp_path: Path):
    words = [f"runs={place}/runs/folds/*", "format=torch", f"output={tmp_path}"]
    assert export([*words, f"paths.runs={place / 'runs'}"]) == 0
    written = json.loads((tmp_path / "preprocessing.json").read_text(encoding="utf-8"))
    categories = next(column["categories"] for column in written["columns"] if column["name"] == "color")
    assert set(categories) >= {"red", "blue"}
    rows = pd.read_csv(place / "table.csv")
    codes = [2 + categories.index(name) if name in categories else 1 for name in rows.color]
    order = [column["name"] for column in written["columns"]]
    values = np.stack([{"size": rows["size"], "color": codes}[name] for name in order], axis=1)
    given = torch.export.load(tmp_path / "model.pt2").module()(torch.from_numpy(values.astype(float)))
    table = f"input={place / 'table.csv'}"
    runs = [f"runs={place}/runs/folds/*", f"paths.runs={place / 'runs'}"]
    assert predict([*runs, table, f"output={tmp_path / 'out.parquet'}"]) == 0
    expected = pd.read_parquet(tmp_path / "out.parquet")[["prob/bad", "prob/good"]].to_numpy()
    assert np.abs(given.detach().numpy() - expected).max() < 1e-5
    assert "2 models as one" in (tmp_path / "card.md").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="must be of one run"):
        export([*words[:1], "format=safetensors", f"paths.runs={place / 'runs'}"])


def test_a_category_that_one_member_lacks_is_unseen_there():
    def state(*names: str) -> dict[str, object]:
        return {"columns": [{"name": "c", "kind": "categorical", "categories": list(names), "fill": None}]}

    joined, recodes = join_columns([state("a", "b"), state("b", "c")])
    assert joined["columns"][0]["categories"] == ["a", "b", "c"]
    codes = torch.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]])  # missing, unseen, a, b, c
    assert [recode(codes)[:, 0].tolist() for recode in recodes] == [[0, 1, 2, 3, 1], [0, 1, 1, 2, 3]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes": ["bad", "good", "odd"]}, "list of classes"),
        ({"targets": ["other"]}, "list of targets"),
    ],
)
def test_runs_that_answer_other_questions_are_refused(
    joint: Joint, place: Path, change: dict[str, object], told: str
):
    folder: RunFolder = joint.members[1].folder
    before = folder.read_json("data")
    folder.write_json("data", {**before, **change})
    try:
        with pytest.raises(UserError, match=told):
            read_joint({"runs": f"{place}/runs/folds/*"})
    finally:
        folder.write_json("data", before)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run=latest", "join=mean", "split=test"], "join= must come with runs="),
        (["runs=a", "join=vote", "split=test"], "join=vote must be"),
        (["runs=a", "run=b"], "one of run= and runs="),
    ],
)
def test_keys_that_do_not_fit_are_refused(words: list[str], told: str):
    with pytest.raises(UserError, match=told):
        evaluate(words)


def test_folds_share_no_val_rows_to_choose_the_best_of(place: Path):
    with pytest.raises(UserError, match="same val rows"):
        read_joint({"runs": f"{place}/runs/folds/*", "best": "2"})


@pytest.fixture(scope="module")
def twins(place: Path) -> str:
    """The same run twice, as two that share their start."""
    (source, *_) = sorted((place / "runs" / "folds").iterdir())
    for name in ("a", "b"):
        shutil.copytree(source, place / "twins" / "pair" / name)
    return f"{place}/twins/pair/*"


def test_mean_weights_are_a_run_of_their_own(twins: str, place: Path):
    words = [f"runs={twins}", "join=weights", "split=test", f"paths.runs={place / 'twins'}"]
    assert evaluate(words) == 0
    (path,) = (place / "twins" / "pair-weights").iterdir()
    averaged, first = RunFolder(path), RunFolder(place / "twins" / "pair" / "a")
    columns = ["prob/bad", "prob/good"]
    mean, single = (
        pd.read_parquet(each.predictions("val"))[columns].to_numpy() for each in (averaged, first)
    )
    assert mean == pytest.approx(single, abs=1e-6)
    result = averaged.read_json("result")
    assert len(result["averaged"]) == 2
    assert "test" in result
    assert fingerprint(dict(averaged.config)) != fingerprint(dict(first.config))
    assert "mean weights of 2 runs" in " ".join(result["notes"])


def test_mean_weights_that_are_worse_on_val_are_refused(twins: str, place: Path):
    folder = RunFolder(place / "twins" / "pair" / "b")
    before, weights = folder.read_json("result"), folder.best.read_bytes()
    folder.write_json("result", {**before, "val": {**before["val"], before["monitor"]: 2.0}})
    save({**load(folder.best), "epoch": 99}, folder.best)  # other weights, so to say
    try:
        with pytest.raises(UserError, match=r"best single run 2\. Use join=mean"):
            evaluate([f"runs={twins}", "join=weights", "split=test", f"paths.runs={place / 'twins'}"])
    finally:
        folder.write_json("result", before)
        folder.best.write_bytes(weights)


def test_folds_and_other_starts_have_no_mean_weights(joint: Joint, twins: str):
    assert "val rows differ" in str(why_not_averaged(joint))
    pair = read_joint({"runs": twins})
    assert why_not_averaged(pair) is None
    pair.members[1].folder.config.seed = 7
    assert "start from different weights" in str(why_not_averaged(pair))


def test_counts_are_not_averaged():
    states = [
        {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([3.0, 2.0]), "n": torch.tensor(5)},
    ]
    found = average(states)
    assert found["w"].tolist() == [2.0, 2.0]
    assert found["n"] == 3
    with pytest.raises(UserError, match="one form"):
        average([*states, {"w": torch.zeros(3), "n": torch.tensor(0)}])
