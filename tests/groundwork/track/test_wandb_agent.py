"""Three trials by W&B's own agent, offline: one is killed, resumed and sealed like the others, each one W&B run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pandas as pd
import pytest
from yaml import safe_load

from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder

pytestmark = pytest.mark.weekly
TRIALS = {"tame1": 0.001, "tame2": 0.003, "wild3": 0.01}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "agent"))
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep3")
    monkeypatch.setenv("WANDB_PROJECT", "groundwork")  # as `wandb agent TEAM/groundwork/sweep3` does
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    yield
    for name in ("WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH"):  # the agent sets them for good
        os.environ.pop(name, None)


def records(folder: RunFolder) -> list[dict[str, Any]]:
    """Read all offline files of a run with W&B's own tool, oldest first."""
    found: list[dict[str, Any]] = []
    files = folder.path.glob("wandb/offline-run-*/*.wandb")
    for file in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        inspect = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
        told = subprocess.run(inspect, capture_output=True, encoding="utf-8", timeout=200, check=True).stdout
        found += map(json.loads, told.splitlines())
    return found


def script(name: str, *words: str) -> None:
    """Run a command as a person does, outside of the agent."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *words], env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("environment")
def test_the_agents_trials_are_three_runs_with_whole_curves_and_sealed_metrics(tmp_path: Path):
    from wandb.wandb_agent import Agent

    recipe = safe_load((ROOT / "conf" / "wandb_sweep.yaml").read_text(encoding="utf-8"))
    runs = tmp_path / "runs"
    agent = Agent(None, Queue(), "sweep3")
    own = [
        f"paths.runs={runs}",
        f"paths.cache={tmp_path / 'cache'}",
        "logger.wandb.mode=offline",
        "trainer=cpu",
    ]
    own += ["trainer.max_epochs=40", "callbacks.early_stopping.patience=null", "metrics.resamples=20"]
    agent._sweep_command = [*recipe["command"][:-1], *own, "${args}"]
    folders: dict[str, RunFolder] = {}
    for name, rate in TRIALS.items():
        arguments = {"optim.lr": {"value": rate}, "seed": {"value": 0}}
        program = str(ROOT / recipe["program"])
        told = agent._process_command({"type": "run", "run_id": name, "args": arguments, "program": program})
        assert "exception" not in told, told
        trial = agent._run_processes.pop(name)
        before = {folder.path for folder in folders.values()}
        if name == "wild3":
            while not any(
                set(runs.rglob("checkpoints/last.ckpt")) - {path / "checkpoints/last.ckpt" for path in before}
            ):
                assert trial.poll() is None
                time.sleep(0.02)
            trial._popen.send_signal(signal.SIGKILL)
            assert trial.wait() == -signal.SIGKILL
        else:
            assert trial.wait() == 0
        (new,) = {path.parent for path in runs.rglob("config.yaml")} - before
        folders[name] = RunFolder(new)
    script("train.py", f"run={folders['wild3'].path}")
    for name, folder in folders.items():
        script("evaluate.py", f"run={folder.path}", "split=test")
        found = records(folder)
        assert {record["run"]["run_id"] for record in found if record["type"] == "run"} == {name}
        assert {record["run"]["sweep_id"] for record in found if record["type"] == "run"} == {"sweep3"}
        assert {record["run"]["project"] for record in found if record["type"] == "run"} == {
            recipe["project"]
        }
        rows = [record["history"]["item"] for record in found if record["type"] == "history"]
        history = pd.read_csv(folder.history)
        assert len(history) == 40
        curve = {row["trainer/global_step"]: row["val/rmse"] for row in rows if "val/rmse" in row}
        assert list(curve.values()) == pytest.approx(history["val/rmse"].tolist())
        assert folder.config.optim.lr == TRIALS[name]
        sealed: dict[str, Any] = {}
        for record in found:
            if record["type"] == "summary":
                sealed |= record["summary"].get("update", {})
        official = folder.read_json("result.json")["test"]["rmse"]["value"]
        assert sealed["test/rmse"] == pytest.approx(official)
