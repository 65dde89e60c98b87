"""A run folder -> W&B's offline files and TensorBoard's, read back with their own tools."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.track.follow import Follower

WORDS = ["data=image_folder", "task=classification", "logger=[tensorboard,wandb]", "logger.wandb.mode=offline",
         "logger.group=sweep-1", "logger.job_type=trial", "tags=[first,second]",
         "data.root=/home/jane/patients"]  # fmt: skip
RESULT = {"status": "done", "best_epoch": 2, "train": {"accuracy": 0.9}, "val": {"accuracy": 0.75, "auroc": None},
          "seconds": {"total": 1.5}}  # fmt: skip


def write_history(folder: RunFolder, rows: int) -> None:
    accuracy = [0.5 + 0.1 * row for row in range(rows)]
    table = pd.DataFrame(
        {"phase": 1, "epoch": range(1, rows + 1), "train/loss": 1.0, "val/accuracy": accuracy}
    )
    table.to_csv(folder.history, index=False)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "digits")
    folder.write_config(compose_run([*WORDS, f"paths.runs={tmp_path}"]).config)
    write_history(folder, 3)
    folder.write_json("result.json", RESULT)
    folder.write_json("data.json", {"classes": ["a", "b"]})
    folder.write_json(
        "environment.json", {"python": "3.11", "command": ["/home/jane/python"], "git": {"commit": "c0ffee"}}
    )
    folder.splits.write_text("sample_id,split\n1,train\n")
    table = {"target": ["a", "a", "b"], "prediction": ["a", "b", "b"], "sample_id": ["x", "y", "z"]}
    pd.DataFrame(table).to_parquet(folder.predictions("val"))
    for name in ("confusion_val", "mistakes"):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder.path / "figures" / f"{name}.png")
    line = {"step": 4, "layers": {"head": {"counts": [1, 3], "edges": [-1.0, 0.0, 1.0]}}}
    (folder.path / "gradients.jsonl").write_text(json.dumps(line) + "\n" + '{"step": 8, "lay')
    return folder


def follow(folder: RunFolder) -> str:
    command = [sys.executable, "-m", "groundwork.track.follow", str(folder.path), "1"]
    done = subprocess.run(command, input="", capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_back(folder: RunFolder) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], list[str]]:
    """Read the newest offline file with W&B's own tool: run, history rows, summary, names of artifacts."""
    file = max(folder.path.glob("wandb/offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    told = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True).stdout
    run: dict[str, Any] = {}
    rows, summary, artifacts = [], {}, []
    for record in map(json.loads, told.splitlines()):
        if record["type"] == "run":
            run = record["run"]
        elif record["type"] == "history":
            rows.append(record["history"]["item"])
        elif record["type"] == "summary":
            summary |= record["summary"].get("update", {})
        elif record["type"] == "artifact":
            artifacts.append(record["artifact"]["name"])
    return run, rows, summary, artifacts


def test_wandb_holds_what_the_folder_holds_and_goes_on_where_it_stopped(folder: RunFolder):
    assert "W&B: offline, because asked for mode=offline" in follow(folder)
    run, rows, summary, artifacts = read_back(folder)
    assert (run["run_group"], run["job_type"], run["tags"]) == ("sweep-1", "trial", ["first", "second"])
    assert run["display_name"] == f"digits/{folder.path.name}"
    assert run["config"]["update"]["data"]["root"] == "patients"
    assert run["config"]["update"]["commit"] == "c0ffee"
    assert "jane" not in json.dumps(run)
    assert [row["val/accuracy"] for row in rows if "val/accuracy" in row] == pytest.approx([0.5, 0.6, 0.7])
    assert [row["_step"] for row in rows] == list(range(len(rows)))
    assert any("gradients/head._type" in row or "gradients/head" in row for row in rows)
    shown = {name.split(".")[0] for row in rows for name in row if name.startswith("figures/")}
    assert shown == {"figures/confusion_val"}  # no photograph unless it is asked for
    assert summary["val/accuracy"] == 0.75
    assert any("confusion" in name for name in summary)
    assert not any(name.startswith(("splits", "checkpoints", "predictions", "code")) for name in artifacts)

    write_history(folder, 5)  # a resumed run
    follow(folder)
    resumed, rows, _, _ = read_back(folder)
    assert resumed["run_id"] == run["run_id"]
    assert [row["epoch"] for row in rows if "epoch" in row] == [4, 5]
    events = EventAccumulator(str(folder.path / "tensorboard")).Reload()
    assert [scalar.value for scalar in events.Scalars("val/accuracy")] == pytest.approx(
        [0.5, 0.6, 0.7, 0.8, 0.9]
    )
    assert {"figures/confusion_val", "figures/mistakes"} <= set(events.Tags()["images"])
    assert events.Histograms("gradients/head")[0].histogram_value.num == 4


class Recorder:
    """A logger that remembers, and breaks at a row."""

    def __init__(self, breaks: int):
        self.breaks, self.seen = breaks, []  # type: ignore[var-annotated]

    def row(self, number: int, values: dict[str, Any]) -> None:
        if number == self.breaks:
            raise ConnectionError("gone\nfor good")
        self.seen.append((number, values["epoch"]))

    def gradients(self, number: int, entry: dict[str, Any]) -> None:
        self.seen.append(("gradients", entry["step"]))


def test_each_row_is_handed_over_once_and_a_broken_logger_is_left_alone(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
):
    whole, broken = Recorder(-1), Recorder(1)
    follower = Follower(folder, [whole, broken])  # type: ignore[list-item]
    follower.look()
    write_history(folder, 4)
    follower.look()
    assert whole.seen == [(0, 1), (1, 2), (2, 3), ("gradients", 4), (3, 4)]
    assert broken.seen == [(0, 1)]
    assert (
        capsys.readouterr().out == "note: Recorder stopped: ConnectionError: gone; history.csv is complete\n"
    )


def test_what_is_asked_for_is_uploaded_and_nothing_else(folder: RunFolder):
    config = OmegaConf.load(folder.config_file)
    config.logger.upload = ["splits", "photographs"]
    del config.logger["tensorboard"]
    folder.write_config(config)  # type: ignore[arg-type]
    follow(folder)
    run, rows, summary, artifacts = read_back(RunFolder(folder.path))
    assert list(run.get("config", {}).get("update", {"_wandb": {}})) == ["_wandb"]
    assert not any("val/accuracy" in row for row in [*rows, summary])
    assert {name.split(".")[0] for row in rows for name in row if "/" in name} == {"figures/mistakes"}
    assert [name for name in artifacts if name.startswith("splits")] == [f"splits-{run['run_id']}"]
