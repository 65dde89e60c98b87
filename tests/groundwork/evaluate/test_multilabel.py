"""Several labels per sample, from the configuration to predictions, sealed test, report and exports."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from lightning import Trainer
from PIL import Image
from safetensors.torch import save_file

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data import TableDataModule
from groundwork.evaluate.seal import seal
from groundwork.launch.commands import export, predict
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.task import MultilabelTask
from groundwork.train.checkpoint import load

LABELS = ["cat", "dog", "owl"]


def run(place: Path, *words: str) -> RunFolder:
    common = ["trainer=cpu", "execution=plain", "metrics.resamples=20", "task=multilabel"]
    places = [f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    assert start(compose_run([*words, *common, *places])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, rng = tmp_path_factory.mktemp("labels"), np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(0, 1, (240, 4)), columns=list("wxyz"))
    logits = frame.to_numpy() @ rng.normal(0, 2, (4, 3)) + [-1.5, 0, 1]
    labels = pd.DataFrame(rng.random(logits.shape) < 1 / (1 + np.exp(-logits)), columns=LABELS).astype(
        "Int64"
    )
    cells = [";".join(labels.columns[row == 1]) or ";" for row in labels.to_numpy()]
    frame.assign(tags=cells).to_csv(place / "tags.csv", index=False)
    labels.loc[::5, "cat"] = pd.NA
    pd.concat([frame, labels], axis=1).to_csv(place / "columns.csv", index=False)
    return place


@pytest.fixture(scope="module")
def trained(place: Path) -> RunFolder:
    return run(place, "data=table", f"data.table={place / 'columns.csv'}", f"data.target=[{','.join(LABELS)}]",
               "missing.target=mask", "metrics.threshold=auto", "balance=loss_weights", "optim.lr=0.03",
               "trainer.max_epochs=6")  # fmt: skip


def test_val_is_judged_per_label_with_thresholds_of_its_own_and_unknown_labels_stay_unknown(
    trained: RunFolder,
):
    result, val = trained.read_json("result"), pd.read_parquet(trained.predictions("val"))
    assert 0 < val["target/cat"].isna().sum() < len(val)
    assert len(result["threshold"]) == 3
    assert load(trained.best)["threshold"] == result["threshold"]
    for name, cut in zip(LABELS, result["threshold"], strict=True):
        assert (val[f"prediction/{name}"] == (val[f"prob/{name}"] >= cut)).all()
        assert {f"f1/{name}", f"auroc/{name}", f"average_precision/{name}"} <= set(result["val"])
    assert result["monitor"] == "average_precision"
    assert "and the threshold" in result["corrected"]["f1"]["method"]
    assert list(result["baselines"]) == ["majority", "linear", "gradient_boosting"]
    assert result["verdicts"]["majority"]["verdict"] == "better"
    assert "Per label, val" in trained.report.read_text(encoding="utf-8")
    assert (trained.figures / "ranking_val.png").is_file()
    assert set(trained.read_json("data")["counts"]["train"]) == set(LABELS)


def test_predict_and_every_export_give_what_val_was_measured_with(trained: RunFolder, place: Path):
    output = place / "new.csv"
    assert predict([f"run={trained.path}", f"input={place / 'columns.csv'}", f"output={output}"]) == 0
    new, val = pd.read_csv(output), pd.read_parquet(trained.predictions("val"))
    both = val.merge(new, on="sample_id", suffixes=("", "_new"))
    assert len(both) == len(val)
    for name in LABELS:
        assert np.allclose(both[f"prob/{name}"], both[f"prob/{name}_new"], atol=1e-5)
        assert (both[f"prediction/{name}"] == both[f"prediction/{name}_new"]).all()
    assert export([f"run={trained.path}", "format=torch"]) == 0
    written = json.loads((trained.path / "export/torch/preprocessing.json").read_text(encoding="utf-8"))
    assert written["output"] == {"name": "probabilities", "labels": LABELS}
    assert written["threshold"] == load(trained.best)["threshold"]
    card = (trained.path / "export/torch/card.md").read_text(encoding="utf-8")
    assert "multilabel, labels cat, dog, owl" in card
    assert "a sample has a label from its probability on: 'cat'" in card


def test_the_test_is_sealed_with_intervals(trained: RunFolder, place: Path):
    seal(trained, place / "runs", Console(quiet=True))
    tested = trained.read_json("result")["test"]
    assert {"f1", "f1_micro", "exact_match", "hamming_loss", "recall/owl"} <= set(tested)
    assert tested["f1"]["low"] <= tested["f1"]["value"] <= tested["f1"]["high"]


def test_runs_joined_into_one_graph_decide_each_label(place: Path, tmp_path: Path):
    words = ["data=table", f"data.table={place / 'tags.csv'}", "data.target=tags", 'data.label_separator=";"',
             "trainer.max_epochs=1", "name=twins", "report.write=false"]  # fmt: skip
    for seed in (0, 1):
        run(place, *words, f"seed={seed}")
    twins = f"runs={place / 'runs' / 'twins' / '*'}"
    assert export([twins, "format=torch", f"output={tmp_path}"]) == 0
    written = json.loads((tmp_path / "preprocessing.json").read_text(encoding="utf-8"))
    assert (written["output"]["labels"], written["threshold"]) == (LABELS, [0.5] * 3)


@pytest.fixture(scope="module")
def photographs(place: Path) -> list[str]:
    """Photographs in nested folders: bright or dark, and green below either."""
    rng = np.random.default_rng(0)
    for number in range(60):
        bright, green = rng.random(2) < 0.5
        pixels = rng.normal(150 if bright else 60, 30, (32, 32, 3)) + np.array([0, 60 * green, 0])
        folder = place / "photos" / ("bright" if bright else "dark") / ("green" if green else "")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    torch.manual_seed(0)
    weights = place / "weights.safetensors"
    save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), weights)
    return ["data=image_folder", f"data.root={place / 'photos'}", "data.image_size=32", "data.batch_size=8",
            "model=timm", "model.name=test_resnet", f"model.pretrained={weights}", "report.write=false"]  # fmt: skip


def test_heads_on_cached_features_are_exact_and_learn_again_from_val(place: Path, photographs: list[str]):
    folder = run(place, *photographs, "transfer=small_different")
    result, val = folder.read_json("result"), pd.read_parquet(folder.predictions("val"))
    assert (result["transfer"]["solver"], result["best_epoch"]) == ("exact", 0)
    assert [name for name in val if str(name).startswith("target/")] == [
        "target/bright", "target/dark", "target/green",
    ]  # fmt: skip
    assert ((val["target/bright"] + val["target/dark"]) == 1).all()
    assert result["val"]["average_precision"] > result["baselines"]["majority"]["average_precision"]


def test_the_task_works_with_lightning_alone_and_comes_back_from_its_checkpoint(
    place: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
):
    data = TableDataModule.from_table(place / "tags.csv", "tags", label_separator=";", task="multilabel")
    task = MultilabelTask(lr=0.02)
    trainer = Trainer(accelerator="cpu", max_epochs=4, logger=False, enable_progress_bar=False,
                      enable_model_summary=False, enable_checkpointing=False)  # fmt: skip
    trainer.fit(task, datamodule=data)
    (validated,) = trainer.validate(task, datamodule=data, verbose=False)
    (tested,) = trainer.test(task, datamodule=data, verbose=False)
    assert {"val/f1", "val/auroc/cat", "val/loss"} <= set(validated)
    assert "test/exact_match" in tested
    predicted = torch.cat(trainer.predict(task, data.val_dataloader()))
    trainer.save_checkpoint(tmp_path / "task.ckpt")
    again = MultilabelTask.load_from_checkpoint(tmp_path / "task.ckpt")
    torch.testing.assert_close(torch.cat(trainer.predict(again, data.val_dataloader())), predicted)
    assert ((predicted > 0) & (predicted < 1)).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["balance=oversample"], "balance=loss_weights"),
        (["predict.calibrate=temperature"], r"predict\.calibrate=none"),
        (["predict.conformal=0.9"], r"predict\.conformal=null"),
        (["loss=cross_entropy"], "task=classification"),
    ],
)
def test_what_cannot_serve_several_labels_is_refused_before_data_is_read(words: list[str], said: str):
    with pytest.raises(UserError, match=said):
        check_combination(compose_run(["data=table", "data.table=none.csv", "task=multilabel", *words]))
