"""Exported models: the same numbers as the run from the same files, with a card whose code runs."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.export.formats import FORMATS
from groundwork.evaluate.network import file_hash
from groundwork.launch.commands import export, predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

FAST = ["trainer=cpu", "execution=plain", "trainer.max_epochs=2", "metrics.resamples=20", "data.batch_size=8"]
# Runs the card's code where nothing can be imported that it does not name.
ALONE = """
import sys
from pathlib import Path
sys.modules.update(dict.fromkeys(["torch", "pandas", "groundwork", "timm"]))
sys.path.insert(0, "")
exec(Path("card.md").read_text(encoding="utf-8").split("```python")[1].split("```")[0])
"""


def train(place: Path, *words: str) -> RunFolder:
    own = [f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    assert start(compose_run([*words, *FAST, *own])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def photo_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 180)):
        (place / "data" / name).mkdir(parents=True)
        for number in range(10):
            pixels = np.clip(rng.normal(level, 60, (50, 70, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / "data" / name / f"{number}.jpg")
    tiny = ["model=timm", "model.name=test_resnet", "model.pretrained=false", "data.image_size=32"]
    return train(place, "data=image_folder", f"data.root={place / 'data'}", *tiny, "task=classification")


@pytest.fixture(scope="module")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Train on a moment in seconds, whose last digits float32 would lose, a category and a column with gaps."""
    place, rng = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    second, color = rng.uniform(0, 50, 160), rng.choice(["red", "blue"], 160)
    frame = pd.DataFrame({"time": 1.7e9 + second, "color": color, "size": rng.normal(size=160)})
    frame["price"] = second + 5 * (color == "red")
    frame.loc[::9, "size"] = np.nan
    frame.to_csv(place / "houses.csv", index=False)
    words = ["data=table", f"data.table={place / 'houses.csv'}", "data.target=price", "task=regression"]
    return train(place, *words, "model=mlp", "transfer=none", "optim.lr=1e-2", "trainer.max_epochs=10")


@pytest.fixture(scope="module")
def counts_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("counts")
    frame = pd.DataFrame({"size": np.arange(60) / 10, "count": np.arange(60)})
    frame.to_csv(place / "houses.csv", index=False)
    words = ["data=table", f"data.table={place / 'houses.csv'}", "data.target=count", "task=regression"]
    return train(place, *words, "model=mlp", "transfer=none", "task.decision=round")


def data_of(folder: RunFolder) -> Path:
    return next(path for name in ("data", "houses.csv") if (path := folder.path.parents[2] / name).exists())


def write(folder: RunFolder, name: str, output: Path) -> str:
    assert export([f"run={folder.path}", f"format={name}", f"output={output}"]) == 0
    return (output / "card.md").read_text(encoding="utf-8")


def predicted(folder: RunFolder, given: Path, place: Path) -> pd.DataFrame:
    assert predict([f"run={folder.path}", f"input={given}", f"output={place / 'expected.parquet'}"]) == 0
    return pd.read_parquet(place / "expected.parquet")


def printed(place: Path) -> list[dict[str, float]]:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=place, capture_output=True, text=True, check=True
    )
    return [json.loads(line.replace("'", '"')) for line in done.stdout.splitlines()]


def test_an_onnx_image_model_and_its_card_give_the_numbers_of_the_run(photo_run: RunFolder, tmp_path: Path):
    card = write(photo_run, "onnx", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.onnx", "preprocess.py", "preprocessing.json", "card.md",
    }  # fmt: skip
    shutil.copyfile(data_of(photo_run) / "light" / "4.jpg", tmp_path / "photo.jpg")
    (shown,) = printed(tmp_path)
    expected = predicted(photo_run, tmp_path / "photo.jpg", tmp_path).iloc[0]
    assert shown["dark"] == pytest.approx(expected["prob/dark"], abs=1e-4)
    assert shown["light"] == pytest.approx(expected["prob/light"], abs=1e-4)
    assert "not sealed" in card
    assert photo_run.read_json("result.json")["split_hash"] in card
    assert "16 samples of train and val, from their files" in card
    preprocessing = json.loads((tmp_path / "preprocessing.json").read_text(encoding="utf-8"))
    assert preprocessing["output"] == {"name": "probabilities", "classes": ["dark", "light"]}
    assert preprocessing["size"] == [32, 32]


def test_the_card_of_a_run_in_a_lower_precision_says_how_far_float32_is_from_it(
    tmp_path: Path, photo_run: RunFolder
):
    words = ["model=timm", "model.name=test_resnet", "model.pretrained=false", "data.image_size=32"]
    source = ["data=image_folder", f"data.root={data_of(photo_run)}", "task=classification"]
    # FAST comes after the words, and says trainer=cpu alone
    lower = train(tmp_path, *source, *words, "trainer.precision=bf16-mixed", "transfer=scratch")
    card = write(lower, "torch", tmp_path / "export")
    assert "Both compute in float32; bf16-mixed, in which the run was measured, is up to " in card
    assert "in which the run was measured" not in write(photo_run, "torch", tmp_path / "exact")


def test_an_onnx_table_model_keeps_digits_that_float32_would_lose(table_run: RunFolder, tmp_path: Path):
    write(table_run, "onnx", tmp_path)
    frame = pd.read_csv(data_of(table_run))
    rows = frame.drop(columns="price").head(12)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    shown = [row["price"] for row in printed(tmp_path)]
    expected = predicted(table_run, tmp_path / "rows.csv", tmp_path).prediction.to_numpy()
    scale = frame.price.std()
    assert np.abs(np.array(shown) - expected).max() < 1e-4 * scale
    assert np.ptp(expected) > scale  # at float32, all twelve moments would fall on one or two values


@pytest.mark.parametrize("name", ["torch", "safetensors"])
def test_other_formats_give_the_values_of_the_run(table_run: RunFolder, tmp_path: Path, name: str):
    card = write(table_run, name, tmp_path)
    assert FORMATS[name].file in card
    inputs = np.array([[1.7e9 + 7, 2, np.nan], [1.7e9 + 40, 3, 0.5], [1.7e9, 0, -1]])
    frame = pd.DataFrame({"time": inputs[:, 0], "color": ["blue", "red", None], "size": inputs[:, 2]})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    expected = predicted(table_run, tmp_path / "rows.csv", tmp_path).prediction.to_numpy()
    found = FORMATS[name].run(tmp_path / FORMATS[name].file, [inputs])
    assert found[:, 0] == pytest.approx(expected, rel=1e-5)


def test_whole_numbers_are_rounded_inside_the_graph(counts_run: RunFolder, tmp_path: Path):
    assert "original units, rounded to whole numbers" in write(counts_run, "torch", tmp_path)
    inputs = np.linspace(0, 6, 40)[:, None]
    pd.DataFrame({"size": inputs[:, 0]}).to_csv(tmp_path / "rows.csv", index=False)
    found = FORMATS["torch"].run(tmp_path / "model.pt2", [inputs])[:, 0]
    assert np.array_equal(found, np.rint(found))
    assert np.array_equal(found, predicted(counts_run, tmp_path / "rows.csv", tmp_path).prediction)


def test_safetensors_hold_the_state_and_no_path_of_this_machine(photo_run: RunFolder, tmp_path: Path):
    write(photo_run, "safetensors", tmp_path)
    state = torch.load(photo_run.best, weights_only=True)["state_dict"]
    written = load_file(tmp_path / "model.safetensors")
    assert {f"network.{name}" for name in written} == set(state)
    assert all(torch.equal(state[f"network.{name}"], tensor) for name, tensor in written.items())
    for path in tmp_path.iterdir():
        assert str(photo_run.path.parents[2]).encode() not in path.read_bytes(), path.name


def test_without_the_data_made_up_samples_are_checked_and_the_card_says_so(
    photo_run: RunFolder, tmp_path: Path
):
    folder = copied(photo_run, tmp_path)
    config = folder.config_file.read_text(encoding="utf-8")
    folder.config_file.write_text(
        config.replace(str(data_of(photo_run)), str(tmp_path / "gone")), encoding="utf-8"
    )
    assert "16 made-up samples, because the data" in write(
        RunFolder(folder.path), "safetensors", tmp_path / "out"
    )


def test_the_card_shows_sealed_metrics_of_this_very_checkpoint(photo_run: RunFolder, tmp_path: Path):
    folder = copied(photo_run, tmp_path)
    sealed = {
        "test": {"balanced_accuracy": {"value": 0.8125, "low": 0.7, "high": 0.9}},
        "test_count": 3,
        "seal": {"time": "2026-01-01T00:00:00+00:00", "checkpoint_hash": file_hash(folder.best)},
    }
    folder.write_json("result.json", {**folder.read_json("result.json"), **sealed})
    card = write(folder, "safetensors", tmp_path / "out")
    assert "| balanced_accuracy | 0.8125 | 0.7 | 0.9 |" in card
    assert "3 configurations were tested" in card
    assert "not sealed" not in card
    sealed["seal"]["checkpoint_hash"] = "0" * 64  # type: ignore[index]
    folder.write_json("result.json", {**folder.read_json("result.json"), **sealed})
    with pytest.raises(UserError, match="must have the checkpoint that was sealed"):
        write(folder, "safetensors", tmp_path / "out")


def test_a_model_that_predicts_something_else_is_not_handed_out(
    table_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    right = FORMATS["safetensors"]
    wrong = replace(right, run=lambda file, inputs: right.run(file, inputs) + 0.01)
    monkeypatch.setitem(FORMATS, "safetensors", wrong)
    with pytest.raises(RuntimeError, match="off the run itself"):
        write(table_run, "safetensors", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_wrong_words_are_refused_in_one_line(
    table_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="format must be one of onnx, torch, safetensors, but got 'keras'"):
        write(table_run, "keras", tmp_path / "out")
    with pytest.raises(UserError, match="output must lie in a folder one can write to"):
        write(table_run, "torch", tmp_path / "file" / "out")
    with pytest.raises(UserError, match="must be a run folder"):
        write(RunFolder(tmp_path), "torch", tmp_path / "out")
    with pytest.raises(UserError, match=r"format= .* must be given"):
        export([f"run={table_run.path}"])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime is not installed\. Run: uv sync --extra export"):
        write(table_run, "onnx", tmp_path / "out")
    folder = copied(table_run, tmp_path)
    folder.write_json("result.json", {"status": "interrupted"})
    with pytest.raises(UserError, match="must be finished, but is interrupted"):
        write(folder, "torch", tmp_path / "out")


def copied(folder: RunFolder, place: Path) -> RunFolder:
    shutil.copytree(folder.path, place / "run")
    return RunFolder(place / "run")
