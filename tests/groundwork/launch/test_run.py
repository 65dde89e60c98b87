"""One run from end to end, on small data: every file of the run folder, every kind of task."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, root_mean_squared_error

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.seal import seal
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state

FILES = [
    "config.yaml", "splits.csv", "data.json", "history.csv", "checkpoints/best.ckpt", "result.json",
    "predictions/val.parquet", "report.html", "environment.json", "train.log",
]  # fmt: skip
TINY = [
    "model=timm",
    "model.name=test_resnet",
    "model.pretrained=false",
    "data.image_size=32",
    "data.batch_size=8",
]
FAST = ["trainer=cpu", "execution=plain", "trainer.max_epochs=2", "metrics.resamples=20"]
BARE = ["model=mlp", "transfer=none", "report.write=false"]


def run(tmp_path: Path, *words: str) -> RunFolder:
    own = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    assert start(compose_run([*FAST, *words, *own])) == 0
    return RunFolder.find("latest", tmp_path / "runs")


def test_photographs_in_class_folders(tmp_path: Path, image_folder: Path):
    folder = run(tmp_path, "data=image_folder", f"data.root={image_folder}", *TINY, "task=classification")
    for name in FILES:
        assert (folder.path / name).is_file(), name
    result = folder.read_json("result.json")
    assert result["status"] == "done"
    assert result["n"] == {"train": 28, "val": 6, "test": 6}
    assert result["transfer"]["scenario"] == "scratch"
    assert "test" not in result
    assert result["changes"]["trainer.max_epochs"][1] == 2
    assert result["transfer"]["cached"] == 0
    audit = folder.read_json("audit.json")
    assert audit["n"] == result["n"]
    assert not folder.predictions("test").exists()
    val = pd.read_parquet(folder.predictions("val"))
    assert result["val"]["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(val.target, val.prediction)
    )
    assert val[["prob/dark", "prob/light"]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)


def test_several_targets_of_a_table_keep_their_units(tmp_path: Path, table: Path):
    words = [
        "data=table",
        f"data.table={table}",
        "data.target=[price,weight]",
        "data.drop=[dear]",
        "task=regression",
    ]
    fit = [
        "trainer.max_epochs=15",
        "optim.lr=3e-2",
        "model=mlp",
        "transfer=none",
        "callbacks.history.train_metrics=true",
    ]
    folder = run(tmp_path, *words, *fit)
    val = pd.read_parquet(folder.predictions("val"))
    result = folder.read_json("result.json")
    for name in ("price", "weight"):
        expected = root_mean_squared_error(val[f"target/{name}"], val[f"prediction/{name}"])
        assert result["val"][f"rmse/{name}"] == pytest.approx(expected, rel=1e-5)
    assert result["monitor"] == "r2"  # in one number, euros and kilograms would not mix
    assert result["val"]["r2"] == pytest.approx((result["val"]["r2/price"] + result["val"]["r2/weight"]) / 2)
    assert "monitor" not in result["changes"]
    assert result["val"]["rmse/price"] < result["baselines"]["mean"]["rmse/price"] / 2
    assert set(result["baselines"]) == {"mean", "linear", "gradient_boosting"}
    history = pd.read_csv(folder.history).set_index("epoch").loc[result["best_epoch"]]
    for split in ("train", "val"):
        assert history[f"{split}/rmse/price"] == pytest.approx(result[split]["rmse/price"], rel=1e-5)


def test_the_test_split_opens_once_and_is_counted(tmp_path: Path, table: Path):
    folder = run(tmp_path, "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "model=mlp",
                 "transfer=none", "task=classification")  # fmt: skip
    seal(folder, tmp_path / "runs", Console(quiet=True))
    result = folder.read_json("result.json")
    test = pd.read_parquet(folder.predictions("test"))
    assert result["test"]["accuracy"]["value"] == pytest.approx(np.mean(test.target == test.prediction))
    assert (
        result["test"]["accuracy"]["low"]
        <= result["test"]["accuracy"]["value"]
        <= result["test"]["accuracy"]["high"]
    )
    assert result["test_count"] == 1
    assert result["seal"]["first"]
    assert len(list((tmp_path / "runs" / ".ledger").glob("*.jsonl"))) == 1
    before = folder.read_json("result.json")
    seal(folder, tmp_path / "runs", Console(quiet=True))
    assert folder.read_json("result.json") == before


def test_a_changed_data_file_is_noticed_before_sealing(tmp_path: Path, table: Path):
    folder = run(tmp_path, "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", *BARE,
                 "task=classification")  # fmt: skip
    frame = pd.read_csv(table)
    frame.loc[3, "weight"] += 1
    frame.to_csv(table, index=False)
    with pytest.raises(UserError, match="must be that of"):
        seal(folder, tmp_path / "runs", Console(quiet=True))


@pytest.mark.parametrize(("every", "rows"), [(1, 4 * 2), (3, 2), (6, 1)])
def test_validation_every_n_steps_below_and_above_one_epoch(
    tmp_path: Path, image_folder: Path, every: int, rows: int
):
    words = [
        "data=image_folder",
        f"data.root={image_folder}",
        *TINY,
        "task=classification",
        "callbacks.early_stopping.patience=null",
        "report.write=false",
    ]
    folder = run(tmp_path, *words, f"trainer.val_every_n_steps={every}")
    history = pd.read_csv(folder.history)
    assert len(history) == rows
    assert history.step.tolist() == [every * (number + 1) for number in range(rows)]


def test_a_run_refused_for_its_data_leaves_no_folder(tmp_path: Path, image_folder: Path, table: Path):
    (image_folder / "dark" / "0.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"dark/0\.png"):
        run(tmp_path, "data=image_folder", f"data.root={image_folder}", *TINY, "task=classification")
    assert not (tmp_path / "runs").exists()
    folder = run(tmp_path, "data=table", f"data.table={table}", "data.target=dear", *BARE)
    with pytest.raises(UserError, match="'absent'"):
        run(tmp_path, "data=table", f"data.table={table}", "data.target=absent", *BARE)
    with pytest.raises(UserError, match="val_check_interval"):  # told once the trainer begins
        run(
            tmp_path,
            "data=table",
            f"data.table={table}",
            "data.target=dear",
            "trainer.val_check_interval=99",
            *BARE,
        )
    assert [path.parent for path in (tmp_path / "runs").glob("*/*/config.yaml")] == [folder.path]


def test_a_failed_run_says_so_and_keeps_its_configuration(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=dear", *BARE, "optim.lr=1e30"]
    with pytest.raises(FloatingPointError):
        run(tmp_path, *words)
    folder = RunFolder.find("latest", tmp_path / "runs")
    assert folder.read_json("result.json")["status"] == "failed"
    assert folder.config_file.is_file()


def test_a_finished_run_is_not_trained_again(tmp_path: Path, table: Path):
    folder = run(tmp_path, "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", *BARE,
                 "task=classification")  # fmt: skip
    before = folder.best.stat().st_mtime_ns
    assert resume(str(folder.path), []) == 0
    assert folder.best.stat().st_mtime_ns == before


def test_garbage_in_the_test_rows_changes_nothing_before_sealing(tmp_path: Path, table: Path):
    frame = pd.read_csv(table)
    frame["id"] = [f"row {number}" for number in range(len(frame))]
    frame["part"] = np.where(np.arange(len(frame)) % 5 == 0, "test", "")
    words = ["data=table", "data.target=dear", "data.drop=[price]", "data.id_column=id", "data.split_column=part",
             *BARE, "task=classification", "balance=oversample"]  # fmt: skip
    found = []
    for garbage in (False, True):
        if garbage:
            test = frame.part == "test"
            frame.loc[test, ["size", "weight"]] = [[1e9, -1e9]] * int(test.sum())
            frame.loc[test, "color"] = "never seen"
        path = tmp_path / f"{garbage}.csv"
        frame.to_csv(path, index=False)
        folder = run(tmp_path, *words, f"data.table={path}")
        result, data = folder.read_json("result.json"), folder.read_json("data.json")
        weights = network_state(load(folder.best))
        found.append((result["val"], result["baselines"], result["split_hash"], data["columns"], weights))
    for before, after in zip(*(parts[:4] for parts in found), strict=True):
        assert before == after
    assert all(torch.equal(found[0][4][name], found[1][4][name]) for name in found[0][4])


def test_garbage_in_val_changes_no_statistic_and_no_weight_before_the_first_choice(
    tmp_path: Path, table: Path
):
    """What is fitted, to columns, targets and classes, is fitted to train alone."""
    frame = pd.read_csv(table)
    frame["id"] = [f"row {number}" for number in range(len(frame))]
    frame["part"] = np.select(
        [np.arange(len(frame)) % 5 == 0, np.arange(len(frame)) % 5 == 1], ["test", "val"], "train"
    )
    words = ["data=table", "data.id_column=id", "data.split_column=part", *BARE,
             "trainer.max_epochs=1", "missing=mean"]  # fmt: skip
    for target in (["data.target=dear", "data.drop=[price]", "task=classification", "balance=loss_weights"],
                   ["data.target=price", "data.drop=[dear]", "task=regression"]):  # fmt: skip
        found = []
        for garbage in (False, True):
            changed = frame.copy()
            if garbage:
                val = changed.part == "val"
                changed.loc[val, ["size", "weight"]] = 1e6
                changed.loc[val, "color"] = "never seen"
                changed.loc[val, "price"] = -1e6
                changed.loc[val, "dear"] = "yes"
            path = tmp_path / f"{garbage}.csv"
            changed.to_csv(path, index=False)
            folder = run(tmp_path, *words, *target, f"data.table={path}")
            data, checkpoint = folder.read_json("data.json"), load(folder.last)
            found.append((data["columns"], checkpoint["data"], network_state(checkpoint)))
        (before, said, weights), (after, told, others) = found
        assert before == after
        assert {key: said[key] for key in ("columns", "target")} == {
            key: told[key] for key in ("columns", "target")
        }
        assert [name for name in weights if not torch.equal(weights[name], others[name])] == []


def test_the_report_shows_what_augmentation_does(tmp_path: Path, image_folder: Path):
    words = ["data=image_folder", f"data.root={image_folder}", *TINY, "task=classification"]
    folder = run(tmp_path, *words, "augment=light")
    with Image.open(folder.path / "figures" / "augmentation.png") as picture:
        assert picture.size == (6 * 132 - 4, 6 * 132 - 4)
    folder = run(tmp_path, *words, "augment=light", "report.photos=false")
    assert not (folder.path / "figures" / "augmentation.png").exists()


def test_a_regressor_may_give_whole_numbers(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=price", "data.drop=[dear]", "task=regression"]
    folder = run(tmp_path, *words, "task.decision=round", "model=mlp", "transfer=none")
    val = pd.read_parquet(folder.predictions("val"))
    assert (val.prediction % 1 == 0).all()
    expected = root_mean_squared_error(val.target, val.prediction)
    assert folder.read_json("result.json")["val"]["rmse"] == pytest.approx(expected, rel=1e-5)
