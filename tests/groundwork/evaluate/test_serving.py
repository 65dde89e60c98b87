"""What is served beside the network, from the configuration to the checkpoint, predictions, sealed test and exports."""

import json
from hashlib import blake2b
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
from groundwork.train.frozen.crossed import fold_network, solve_crossed
from groundwork.train.served import Served, check_served


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
    frame["color"] = np.where(rng.random(300) < 0.95, "red", "blue")
    frame.to_csv(place / "kinds.csv", index=False)
    return run(place, "data=table", f"data.table={place / 'kinds.csv'}", "data.target=kind", "optim.lr=0.03",
               "task=classification", "trainer.max_epochs=12", "predict.calibrate=temperature", "predict.conformal=0.8",
               "predict.randomized=true", "predict.per=color")  # fmt: skip


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
        rows = np.array([[0.0, 0.0, 0.0, 0.0, 2.0]] * 2)
        with torch.inference_mode():
            expected = network.decode(network(torch.from_numpy(rows))).numpy()
        assert FORMATS[name].run(place / name / FORMATS[name].file, [rows]) == pytest.approx(
            expected, abs=1e-6
        )
    promise = json.loads((place / "torch" / "preprocessing.json").read_text())["promise"]
    assert promise["cut"].keys() <= {"red", "blue"}
    network.temperature = 1.0
    with torch.inference_mode():
        assert np.abs(network.decode(network(torch.from_numpy(rows))).numpy() - expected).max() > 1e-3


def test_a_sealed_test_is_calibrated_and_measures_the_promise(calibrated: RunFolder, place: Path):
    before = calibrated.read_json("result")["promise"]
    seal(calibrated, place / "runs", Console(quiet=True))
    test, result = pd.read_parquet(calibrated.predictions("test")), calibrated.read_json("result")
    assert result["test"]["log_loss"]["value"] == pytest.approx(log_loss(test, 1.0), rel=1e-5)
    kept = result["promise"]["test"]
    inside = [truth in json.loads(named) for truth, named in zip(test["target"], test["set"], strict=True)]
    assert kept["coverage"] == pytest.approx(np.mean(inside))
    assert kept["n"] == len(test) == sum(part["n"] for part in kept["parts"].values())
    assert set(kept["parts"]) <= {"red", "blue", "(never seen)"}
    assert (before["method"], before["promised"], before["calibrated_on"]) == ("split conformal", 0.8, "val")


def test_sets_of_predict_follow_the_scores_in_the_checkpoint(calibrated: RunFolder, place: Path):
    output = place / "sets.parquet"
    assert predict([f"run={calibrated.path}", f"input={place / 'kinds.csv'}", f"output={output}"]) == 0
    new, frame = pd.read_parquet(output), pd.read_csv(place / "kinds.csv")
    state = load(calibrated.best)["promise"]["promise"]
    scores = np.sort(state["score"].numpy()[state["group"].numpy() == 3, 0])  # 2 is blue, 3 is red
    cut = scores[int(np.ceil(0.8 * (len(scores) + 1) - 1e-9)) - 1]
    prob = new[["prob/x", "prob/y", "prob/z"]].to_numpy(np.float64)
    for row in np.flatnonzero(frame["color"] == "red")[:40]:
        digest = blake2b(f"set of {new['sample_id'][row]}".encode(), digest_size=8).digest()
        u = int.from_bytes(digest, "big") / 2**64
        own = [sum(p for p in prob[row] if p > prob[row, k]) + u * prob[row, k] <= cut for k in range(3)]
        assert json.loads(new["set"][row]) == [name for name, kept in zip("xyz", own, strict=True) if kept]


def test_a_refitted_head_is_calibrated_on_folds_that_did_not_see_their_rows(
    pretrained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[Any] = []

    def spy(*given: Any) -> Any:
        seen.append((given, solve_crossed(*given)))
        return seen[-1][1]

    monkeypatch.setattr("groundwork.train.model.solve_crossed", spy)
    folder = run(tmp_path, *pretrained, "transfer=small_similar", "transfer.refit=true", "transfer.views=2",
                 "predict.calibrate=temperature", "predict.conformal=0.9", "predict.views=2")  # fmt: skip
    ((context, _, features, _, choice, _), crossed) = seen[0]
    every, num_train = features.both_of(choice.candidate).numpy(), len(context.prepared.rows["train"])
    train, val = np.split(every[: 2 * num_train], 2), np.split(every[2 * num_train :], 2)
    views = [np.concatenate(pair) for pair in zip(train, val, strict=True)]
    target = np.concatenate([context.prepared.targets(split) for split in ("train", "val")])
    for number, head in enumerate(crossed.heads):
        held = crossed.fold == number
        shown = [head(torch.from_numpy(inputs[held])).softmax(1).numpy() for inputs in views]
        assert crossed.prediction[held] == pytest.approx(np.mean(shown, axis=0), abs=1e-6)
    assert sorted(set(crossed.fold)) == [0, 1, 2, 3, 4]
    found = folder.read_json("result")["calibration"]
    assert (found["fitted_on"], found["n"]) == ("out-of-fold predictions of train and val", len(target))
    assert (
        load(folder.best)["temperature"]
        == fit_temperature(crossed.prediction, target)
        == found["temperature"]
    )
    promise = folder.read_json("result")["promise"]
    assert (promise["method"], promise["promised"]) == ("CV+", pytest.approx(0.8))
    assert any("1 - 2a = 0.8" in one for one in promise["conditions"])

    seal(folder, tmp_path / "runs", Console(quiet=True))
    assert folder.read_json("result")["promise"]["test"]["mean_size"] >= 1
    network, rows = load_network(folder), context.prepared.source.batch(context.prepared.rows["val"])
    folds = fold_network(network, crossed.heads)
    with torch.inference_mode():
        found = folds.decode(folds(rows)).reshape(len(rows), 5, 2)
        network.head.linear.weight.copy_(crossed.heads[3].weight)
        network.head.linear.bias.copy_(crossed.heads[3].bias)
        assert torch.allclose(found[:, 3], network.decode(network(rows)), atol=1e-6)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"calibrate": "often"}, r"predict\.calibrate must be one of none, temperature, but got often"),
        ({"views": 3}, r"predict\.views must be one of 1, 2, 4, 8, but got 3"),
        ({"conformal": 90}, r"predict\.conformal must be in \[0\.5, 1\), but got 90"),
        ({"randomized": 3}, r"predict\.randomized must be true or false"),
    ],
)
def test_what_cannot_be_served_is_refused(keys: dict[str, Any], said: str):
    with pytest.raises(UserError, match=said):
        Served(**keys)


@pytest.mark.parametrize(
    ("words", "classes", "said"),
    [
        (
            ["predict.calibrate=temperature"],
            0,
            "must go with classes and a head of groundwork, but the data has no",
        ),
        (["predict.views=2"], 2, r"predict\.views=2 must go with images .*, but the data is a table"),
        (["predict.score=absolute"], 2, r"predict\.score must be aps or raps for classes, but got absolute"),
        (
            ["predict.score=raps"],
            0,
            r"predict\.score must be absolute or normalized for values, but got raps",
        ),
        (["predict.per=class"], 0, r"predict\.per must be null, class .* but got class\. Known: color"),
        (["predict.per=size"], 2, "Known: class, color"),
        (["predict.score=normalized", "transfer.refit=true"], 0, r"must go with transfer\.refit=false"),
    ],
)
def test_what_the_data_cannot_be_served_with_is_refused(words: list[str], classes: int, said: str):
    config = compose_run(
        ["data=table", "data.table=x.csv", "data.target=y", "predict.conformal=0.9", *words]
    ).config
    with pytest.raises(UserError, match=said):
        check_served(config, classes, ("color",))


def test_views_that_no_fold_has_seen_are_refused_for_what_folds_calibrate():
    words = [
        "data=image_folder",
        "data.root=birds",
        "transfer=small_similar",
        "transfer.refit=true",
        "predict.views=4",
    ]
    config = compose_run([*words, "predict.calibrate=temperature", "task=classification"]).config
    with pytest.raises(UserError, match=r"out-of-fold predictions have transfer\.views=1 alone"):
        check_served(config, 2, ())
