"""Calibrated probabilities from the configuration to the checkpoint, the predictions, the sealed test and exports."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import log_softmax

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.export.formats import FORMATS
from groundwork.evaluate.network import load_network
from groundwork.evaluate.seal import seal
from groundwork.launch.commands import export, predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.metrics import fit_temperature
from groundwork.train.checkpoint import load
from groundwork.train.frozen.crossed import solve_crossed


def run(place: Path, *words: str) -> RunFolder:
    common = ["trainer=cpu", "execution=plain", "metrics.resamples=20", "report.write=false"]
    places = [f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    assert start(compose_run([*words, *common, *places])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calibrated")


@pytest.fixture(scope="module")
def calibrated(place: Path) -> RunFolder:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(0, 1, (300, 4)), columns=list("abcd"))
    frame["kind"] = np.array(["x", "y", "z"])[
        np.clip(np.round(frame.a + rng.normal(0, 1, 300)) + 1, 0, 2).astype(int)
    ]
    frame.to_csv(place / "kinds.csv", index=False)
    return run(place, "data=table", f"data.table={place / 'kinds.csv'}", "data.target=kind", "optim.lr=0.03",
               "task=classification", "trainer.max_epochs=12", "predict.calibrate=temperature")  # fmt: skip


def log_loss(table: pd.DataFrame, temperature: float) -> float:
    logits = np.log(table.filter(like="prob/").to_numpy(np.float64)) * temperature
    target = pd.Categorical(table["target"], categories=["x", "y", "z"]).codes
    return float(-log_softmax(logits, axis=1)[range(len(table)), target].mean())


def test_val_is_served_calibrated_and_says_what_it_was_before(calibrated: RunFolder):
    result, val = calibrated.read_json("result"), pd.read_parquet(calibrated.predictions("val"))
    found = result["calibration"]
    assert found["temperature"] == load(calibrated.best)["temperature"] != 1
    assert (found["fitted_on"], found["n"]) == ("val", len(val))
    assert result["val"]["log_loss"] == pytest.approx(log_loss(val, 1.0), rel=1e-5)
    assert found["after"]["log_loss"] == pytest.approx(log_loss(val, 1.0), rel=1e-5)
    assert found["before"]["log_loss"] == pytest.approx(log_loss(val, found["temperature"]), rel=1e-4)
    assert found["after"]["log_loss"] < found["before"]["log_loss"]
    assert "the temperature" in result["corrected"]["log_loss"]["method"]
    assert any("temperature" in note for note in result["notes"])


def test_predict_and_every_export_serve_what_val_was_measured_with(calibrated: RunFolder, place: Path):
    output = place / "new.csv"
    assert predict([f"run={calibrated.path}", f"input={place / 'kinds.csv'}", f"output={output}"]) == 0
    new = pd.read_csv(output).filter(like="prob/").to_numpy()
    val = pd.read_parquet(calibrated.predictions("val")).filter(like="prob/").to_numpy()
    assert (
        np.abs(new[:, None] - val[None]).max(axis=2).min(axis=0).max() < 1e-5
    )  # each row of val is among them
    network = load_network(calibrated)
    for name in ("torch", "safetensors"):
        assert export([f"run={calibrated.path}", f"format={name}", f"output={place / name}"]) == 0
        rows = np.zeros((2, 4))
        with torch.inference_mode():
            expected = network.decode(network(torch.from_numpy(rows))).numpy()
        assert FORMATS[name].run(place / name / FORMATS[name].file, rows) == pytest.approx(expected, abs=1e-6)
    network.temperature = 1.0
    with torch.inference_mode():
        assert np.abs(network.decode(network(torch.from_numpy(rows))).numpy() - expected).max() > 1e-3


def test_a_sealed_test_is_calibrated(calibrated: RunFolder, place: Path):
    seal(calibrated, place / "runs", Console(quiet=True))
    test = pd.read_parquet(calibrated.predictions("test"))
    assert calibrated.read_json("result")["test"]["log_loss"]["value"] == pytest.approx(
        log_loss(test, 1.0), rel=1e-5
    )


def test_a_refitted_head_is_calibrated_on_folds_that_did_not_see_their_rows(
    pretrained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[Any] = []

    def spy(*given: Any) -> Any:
        seen.append((given, solve_crossed(*given)))
        return seen[-1][1]

    monkeypatch.setattr("groundwork.train.model.solve_crossed", spy)
    folder = run(tmp_path, *pretrained, "transfer=small_similar", "transfer.refit=true", "transfer.views=2",
                 "predict.calibrate=temperature")  # fmt: skip
    ((context, _, features, _, choice, _), crossed) = seen[0]
    inputs = np.concatenate([features.of(split, choice.candidate) for split in ("train", "val")])
    target = np.concatenate([context.prepared.targets(split) for split in ("train", "val")])
    for number, head in enumerate(crossed.heads):
        held = crossed.fold == number
        assert crossed.prediction[held] == pytest.approx(
            head(torch.from_numpy(inputs[held])).softmax(1).numpy(), abs=1e-6
        )
    assert sorted(set(crossed.fold)) == [0, 1, 2, 3, 4]
    found = folder.read_json("result")["calibration"]
    assert (found["fitted_on"], found["n"]) == ("out-of-fold predictions of train and val", len(target))
    assert (
        load(folder.best)["temperature"]
        == fit_temperature(crossed.prediction, target)
        == found["temperature"]
    )


def test_what_has_no_classes_is_not_calibrated(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=price", "predict.calibrate=temperature"]
    with pytest.raises(
        UserError, match="must go with classes and a head of groundwork, but the data has no classes"
    ):
        run(tmp_path, *words)
    with pytest.raises(
        UserError, match=r"predict\.calibrate must be one of none, temperature, but got often"
    ):
        run(tmp_path, *words[:3], "predict.calibrate=often")
