"""Run folders of the first edition (commit 4a3472e) are read, compared, varied and gone on with as if made today.

They were made by that commit and are never made anew: `exact` (a solved head after stage 1), `trained` and sealed,
`table`, `sweep` (two trials and their record), `stopped` by SIGTERM after three epochs, `renamed` (by a clone called
birds) and `logged` (which names a logger by its old place). Pictures and reports were taken out. `stopped_whole.csv` is
the history of the run that `stopped` is the beginning of, when nothing stopped it.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_diabetes

from groundwork import Run, UserError, compare, fit, read
from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder
from groundwork.launch.commands import evaluate, export, predict
from groundwork.launch.start import resume

RUNS = Path(__file__).parent / "runs"
NAMES = ("exact", "trained", "table", "renamed", "logged")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], RunFolder]:
    """Give a function that brings a run to where `paths.runs` is now."""

    def bring(name: str) -> RunFolder:
        place = tmp_path / "runs" / name
        shutil.copytree(RUNS / name, place)
        shutil.copytree(RUNS / "ledger", tmp_path / "runs" / ".ledger", dirs_exist_ok=True)
        shutil.copytree(RUNS / "sweeps", tmp_path / "runs" / ".sweeps", dirs_exist_ok=True)
        for path in [
            *place.rglob("*.yaml"),
            *place.rglob("*.json"),
            *(tmp_path / "runs" / ".sweeps").iterdir(),
        ]:
            text = path.read_text(encoding="utf-8").replace("/tmp/first_edition", tmp_path.as_posix())
            text = text.replace("resamples: 1000", "resamples: 50")  # as wide an interval, in a second less
            path.write_text(text, encoding="utf-8")
        for missing in place.iterdir():
            (missing / "figures").mkdir(exist_ok=True)
        return RunFolder(next(path for path in sorted(place.iterdir())))

    return bring


def new_inputs(run: RunFolder, place: Path) -> Path:
    """Write the val samples of a run as a user would bring them: photographs, or a table."""
    val = pd.read_parquet(run.predictions("val"))
    if not run.read_json("data.json")["classes"]:
        load_diabetes(as_frame=True, scaled=False).data.to_csv(place / "new.csv", index=False)
        return place / "new.csv"
    (place / "new").mkdir()
    samples = read(["data=digits"])
    for name, pixels in zip(samples.sample_id, samples.pixels, strict=True):
        if name in set(val.sample_id):
            Image.fromarray(pixels.squeeze()).save(place / "new" / f"{name}.png")
    return place / "new"


@pytest.mark.parametrize("name", NAMES)
def test_its_numbers_predictions_and_network_are_read(name: str, folder: Callable[[str], RunFolder]):
    run = Run(folder(name).path)
    val = run.predictions("val")
    assert run.result["status"] == "done"
    assert len(val) == run.result["n"]["val"] == (run.splits.split == "val").sum()
    network = run.model()
    assert (
        sum(parameter.numel() for parameter in network.parameters()) == run.result["parameters"]["parameters"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_new_files_are_predicted_as_val_was(name: str, folder: Callable[[str], RunFolder], tmp_path: Path):
    run = folder(name)
    output = tmp_path / "out.parquet"
    assert predict([f"run={run.path}", f"input={new_inputs(run, tmp_path)}", f"output={output}"]) == 0
    found, val = pd.read_parquet(output), pd.read_parquet(run.predictions("val"))
    if "prob/0" in val:
        found = found.set_index(found.sample_id.str.removesuffix(".png")).loc[val.sample_id]
        columns = [f"prob/{digit}" for digit in range(10)]
        np.testing.assert_allclose(found[columns].to_numpy(), val[columns].to_numpy(), atol=1e-4)
        return
    # Rows of a table keep their identity, the hash of their content, whatever file they come in.
    values = np.sort(found.prediction.to_numpy())
    nearest = np.abs(values[None, :] - val.prediction.to_numpy()[:, None]).min(axis=1)
    assert nearest.max() < 1e-2


@pytest.mark.parametrize("name", ["exact", "table", "renamed", "logged"])
def test_the_sealed_test_uses_the_recorded_split(
    name: str, folder: Callable[[str], RunFolder], tmp_path: Path
):
    run = folder(name)
    assert evaluate([f"run={run.path}", "split=test", f"paths.runs={tmp_path / 'runs'}"]) == 0
    result = run.read_json("result.json")
    test = pd.read_parquet(run.predictions("test"))
    splits = pd.read_csv(run.splits, dtype=str)
    assert set(test.sample_id) == set(splits.sample_id[splits.split == "test"])
    assert result["test"][result["monitor"]]["value"] is not None


def test_what_was_sealed_stays(folder: Callable[[str], RunFolder], tmp_path: Path):
    run = folder("trained")
    before = run.read_json("result.json")
    assert before["seal"]
    assert evaluate([f"run={run.path}", "split=test", f"paths.runs={tmp_path / 'runs'}"]) == 0
    assert run.read_json("result.json") == before


@pytest.mark.parametrize("name", ["exact", "table", "renamed"])
def test_it_is_exported_with_the_outputs_of_the_run(
    name: str, folder: Callable[[str], RunFolder], tmp_path: Path
):
    run = folder(name)
    assert export([f"run={run.path}", "format=safetensors", f"output={tmp_path / 'model'}"]) == 0
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert "samples of train and val" in (tmp_path / "model" / "card.md").read_text(encoding="utf-8")


def test_trials_of_a_sweep_are_compared(folder: Callable[[str], RunFolder]):
    place = folder("sweep").path.parent
    rows = compare(str(place / "*"))
    assert rows[rows.metric == "rmse"].runs.tolist() == [2]


def test_the_same_sweep_has_nothing_left_to_do(folder: Callable[[str], RunFolder], tmp_path: Path):
    folder("sweep")
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), "experiment=diabetes", "trainer.max_epochs=3",
               "name=sweep", "-m", "seed=0,1", f"paths.runs={tmp_path / 'runs'}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 trials, 2 done before" in done.stdout


@pytest.mark.parametrize("name", ["table", "renamed", "logged"])
def test_a_run_like_it_keeps_its_split(name: str, folder: Callable[[str], RunFolder], tmp_path: Path):
    old = folder(name)
    places = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    new = fit([f"like={old.path}", "seed=7", "trainer.max_epochs=1", "logger=csv", *places], quiet=True)
    assert new.splits.equals(Run(old.path).splits)
    assert new.result["split_hash"] == old.read_json("result.json")["split_hash"]


def test_a_stopped_run_goes_on_to_where_it_would_have_come(folder: Callable[[str], RunFolder]):
    run = folder("stopped")
    assert resume(str(run.path), []) == 0
    found, whole = pd.read_csv(run.history), pd.read_csv(Path(__file__).parent / "stopped_whole.csv")
    assert len(found) == len(whole)
    # The same to the last bit on the machine that made both; others round differently.
    pd.testing.assert_frame_equal(found, whole, rtol=1e-3)


def test_its_checkpoints_hold_plain_types_alone(folder: Callable[[str], RunFolder]):
    checkpoint = torch.load(folder("renamed").best, weights_only=True)
    assert checkpoint["config"]["model"]["backbone"]["_target_"] == "birds.model.MLP"


def test_a_name_that_nobody_knows_is_still_refused(folder: Callable[[str], RunFolder]):
    run = folder("table")
    text = run.config_file.read_text(encoding="utf-8").replace(
        "groundwork.data.Missing", "groundwork.run.Missing"
    )
    run.config_file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"groundwork\.run\.Missing"):
        _ = Run(run.path).config
