"""The W&B logger: what it writes, read back with W&B's own tool, and that nothing of it can end or slow a run."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightning.pytorch.loggers import Logger
from PIL import Image

from groundwork.core.console import Console
from groundwork.core.patches import drop_wandb
from groundwork.core.run_folder import RunFolder
from groundwork.track import Wandb
from groundwork.track import wandb as module

CONFIG = {"tags": ["first"], "data": {"root": "/home/jane/patients"}}
RESULT = {"status": "done", "best_epoch": 2, "train": {"accuracy": 0.9}, "val": {"accuracy": 0.75, "auroc": None},
          "seconds": {"total": 1.5}, "test": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}}}  # fmt: skip
OPTIONS = {"project": None, "entity": None, "mode": "offline", "upload": ["metrics", "config", "curves"], "name": None,
           "tags": ["second"], "group": "sweep-1", "job_type": "trial", "wait": 10}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    folder = RunFolder.create(tmp_path, "digits")
    folder.write_json("data", {"classes": ["a", "b"]})
    folder.write_json(
        "environment", {"python": "3.11", "command": ["/home/jane/python"], "git": {"commit": "c0ffee"}}
    )
    folder.splits.write_text("sample_id,split\n1,train\n")
    table = {"target": ["a", "a", "b"], "prediction": ["a", "b", "b"], "sample_id": ["x", "y", "z"]}
    for split in ("val", "test"):
        pd.DataFrame(table).to_parquet(folder.predictions(split))
    for name in ("confusion_val", "confusion_test", "mistakes"):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder.figures / f"{name}.png")
    return folder


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    lines: list[str] = []
    monkeypatch.setattr(Console, "say", lambda self, text, style="": lines.append(text))
    yield lines
    drop_wandb()


def logger_of(folder: RunFolder, **changes: Any) -> Wandb:
    logger = Wandb(str(folder.path), **(OPTIONS | changes))
    logger.attach(folder, CONFIG, Console(quiet=True))
    assert isinstance(logger, Logger)
    return logger


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


def curve(rows: list[dict[str, Any]], name: str) -> list[tuple[int, float]]:
    return [(row["trainer/global_step"], row[name]) for row in rows if name in row]


def test_a_run_is_logged_goes_on_after_a_stop_and_gets_its_sealed_test(folder: RunFolder, said: list[str]):
    first = logger_of(folder)
    for step in range(3):
        first.log_metrics({"train/loss_step": 1.0 - step / 10, "epoch": 0}, step)
    first.log_histograms({"gradients/head": (np.array([1, 3]), np.array([-1.0, 0.0, 1.0]))}, 2)
    first.experiment.log({"mine": 5})  # as in a module: self.logger.experiment
    first.conclude(CONFIG, {"status": "interrupted"}, sealed=False)
    run, rows, summary, _ = read_back(folder)
    assert (run["run_group"], run["job_type"], run["tags"]) == ("sweep-1", "trial", ["first", "second"])
    assert run["display_name"] == f"digits/{folder.path.name}"
    assert run["config"]["update"]["data"]["root"] == "patients"
    assert run["config"]["update"]["commit"] == "c0ffee"
    assert "jane" not in json.dumps(run)
    assert curve(rows, "train/loss_step") == [(0, 1.0), (1, 0.9), (2, 0.8)]
    assert [row["mine"] for row in rows if "mine" in row] == [5]
    assert any(name.startswith("gradients/head") for row in rows for name in row)
    assert "val/accuracy" not in summary
    steps = [row["_step"] for row in rows]

    second = logger_of(folder)  # resumed from step 1: what is logged already is not repeated, a new name is
    for step in (1, 2, 3):
        second.log_metrics({"train/loss_step": 1.0 - step / 10, "val/accuracy": 0.5}, step)
    second.conclude(CONFIG, RESULT, sealed=False)
    resumed, rows, summary, artifacts = read_back(folder)
    assert resumed["run_id"] == run["run_id"]
    assert [step for step, _ in curve(rows, "train/loss_step")] == [3]
    assert [step for step, _ in curve(rows, "val/accuracy")] == [1, 2, 3]
    assert min(row["_step"] for row in rows) > max(steps)
    assert (summary["val/accuracy"], summary["best_epoch"]) == (0.75, 2)
    shown = {name.split(".")[0] for row in rows for name in row if name.startswith("figures/")}
    assert shown == {"figures/confusion_val"}  # no photograph unless it is asked for, nothing of the test
    assert not any(name.startswith(("splits", "checkpoints", "predictions", "code")) for name in artifacts)

    logger_of(folder).conclude(CONFIG, RESULT, sealed=True)
    sealed, rows, summary, _ = read_back(folder)
    assert sealed["run_id"] == run["run_id"]
    assert summary["test/accuracy"] == 0.7
    shown = {name.split(".")[0] for row in rows for name in row if name.startswith("figures/")}
    assert shown == {"figures/confusion_test"}
    assert all(line.startswith("W&B: offline, because asked for mode=offline") for line in said)


def test_what_is_asked_for_is_uploaded_and_nothing_else(folder: RunFolder, said: list[str]):
    logger = logger_of(folder, upload=["splits", "photographs"])
    logger.log_metrics({"val/accuracy": 0.5}, 1)
    logger.log_hyperparams({"secret": 1})
    logger.conclude(CONFIG, RESULT, sealed=False)
    run, rows, summary, artifacts = read_back(folder)
    assert list(run.get("config", {}).get("update", {"_wandb": {}})) == ["_wandb"]
    assert not any("val/accuracy" in row for row in [*rows, summary])
    shown = {name.split(".")[0] for row in rows for name in row if "/" in name}
    assert shown - {"trainer/global_step"} == {"figures/mistakes"}
    assert [name for name in artifacts if name.startswith("splits")] == [f"splits-{run['run_id']}"]


@pytest.mark.parametrize(
    ("how", "told"), [(signal.SIGKILL, "stopped"), (signal.SIGSTOP, "did not answer for 0.5 s")]
)
def test_a_local_service_that_is_killed_or_hangs_neither_ends_nor_slows_a_run(
    folder: RunFolder, said: list[str], monkeypatch: pytest.MonkeyPatch, how: signal.Signals, told: str
):
    monkeypatch.setattr(module, "HANGS", 0.5)
    logger = logger_of(folder)
    assert logger.experiment.id
    from wandb.sdk import wandb_setup

    process: Any = wandb_setup.singleton().ensure_service()._proc
    os.kill(process._process.pid, how)
    began = monotonic()
    for step in range(2000):
        logger.log_metrics({"train/loss_step": 1.0}, step)
    assert monotonic() - began < 2  # a step waits for nobody
    logger.conclude(CONFIG, RESULT, sealed=False)
    assert told in "\n".join(said)
    assert process._process.poll() is not None  # nothing is left that the end of Python would wait for
    logger_of(folder).conclude(CONFIG, RESULT, sealed=False)  # the next run of this process has W&B again
    assert read_back(folder)[2]["val/accuracy"] == 0.75


def test_wandb_that_cannot_begin_gives_a_run_that_does_nothing(
    folder: RunFolder, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    def fail(self: Wandb) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Wandb, "_begin", fail)
    logger = logger_of(folder)
    logger.experiment.log({"mine": 1})
    logger.log_metrics({"loss": 1.0}, 0)
    logger.conclude(CONFIG, RESULT, sealed=False)
    assert said == ["note: W&B stopped: OSError: disk full; history.csv and steps.csv are complete"]


@pytest.mark.parametrize("is_trial", [False, True])
def test_names_tags_project_and_run_of_the_environment_count(
    folder: RunFolder, said: list[str], monkeypatch: pytest.MonkeyPatch, is_trial: bool
):
    for name, value in {
        "NAME": "env-name",
        "TAGS": "third, first",
        "PROJECT": "env-project",
        "RUN_ID": "agent7",
    }.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    if is_trial:  # of a multirun inside an agent: a run of its own
        monkeypatch.setenv("GROUNDWORK_SWEEP", "sweep-2")
    logger_of(folder, group=None, job_type=None).conclude(CONFIG, RESULT, sealed=False)
    run = read_back(folder)[0]
    assert (run["display_name"], run["project"], run["tags"]) == (
        "env-name",
        "env-project",
        ["first", "second", "third"],
    )
    assert (run["run_id"] == "agent7") is not is_trial
    assert (run.get("run_group"), run["job_type"]) == (("sweep-2", "trial") if is_trial else (None, "train"))
    assert os.environ["WANDB_RUN_ID"] == "agent7"


# W&B leaves the file of its agent open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_of_an_agent_keeps_its_id_sweep_project_and_name_also_where_another_agent_resumes_and_seals_it(
    folder: RunFolder, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """What `wandb agent` sets for the command of a trial."""
    values = tmp_path / "config-agent7.yaml"
    values.write_text("wandb_version: 1\noptim.lr:\n  value: 0.01\n", encoding="utf-8")
    agent = {"RUN_ID": "agent7", "SWEEP_ID": "sweep3", "SWEEP_PARAM_PATH": str(values), "PROJECT": "team",
             "NAME": "mild-owl-7", "TAGS": "night"}  # fmt: skip
    for name, value in agent.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    first = logger_of(folder, group=None, job_type=None)
    first.log_metrics({"val/rmse": 2.0}, 1)
    first.conclude(CONFIG, {"status": "interrupted"}, sealed=False)
    began, rows, _, _ = read_back(folder)
    assert curve(rows, "val/rmse") == [(1, 2.0)]
    for name in agent:
        monkeypatch.delenv(f"WANDB_{name}")
    monkeypatch.setenv("WANDB_RUN_ID", "other8")
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep9")
    monkeypatch.setenv("WANDB_PROJECT", "elsewhere")
    second = logger_of(folder, group=None, job_type=None)
    second.log_metrics({"val/rmse": 1.0}, 2)
    second.conclude(CONFIG, RESULT, sealed=False)
    resumed = read_back(folder)[0]
    logger_of(folder, group=None, job_type=None).conclude(CONFIG, RESULT, sealed=True)
    sealed, _, summary, _ = read_back(folder)
    assert summary["test/accuracy"] == 0.7
    for run in (began, resumed, sealed):
        assert (run["run_id"], run["sweep_id"], run["project"]) == ("agent7", "sweep3", "team")
        assert (run["display_name"], run["tags"]) == ("mild-owl-7", ["first", "second", "night"])
    assert (os.environ["WANDB_RUN_ID"], os.environ["WANDB_SWEEP_ID"]) == ("other8", "sweep9")


def test_other_ranks_log_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RANK", "1")
    logger = logger_of(folder)
    logger.log_metrics({"loss": 1.0}, 0)
    logger.experiment.log({"mine": 1})
    assert not (folder.path / "wandb").exists()
