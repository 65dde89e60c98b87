"""Runs as jobs of a real Slurm: one, an array, ranks on two nodes, requeue, scancel and the death of a rank."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder
from groundwork.train.checkpoint import load

pytestmark = pytest.mark.slow
PATIENCE = 280.0  # seconds for one job, whose processes import torch on a machine that others use too


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
    frame["y"] = frame.a * 2 - frame.b + rng.normal(0, 0.1, 120)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def submit(
    tmp_path: Path, table: Path, *more: str, queue: Sequence[str] = ("cluster=slurm", "cluster.time=00:30:00")
) -> subprocess.CompletedProcess[str]:
    words = [
        "data=table", f"data.table={table}", "data.target=y", "task=regression", *queue,
        "trainer.accelerator=cpu", "trainer.max_epochs=2", "metrics.resamples=20",
        "model=mlp", "model.dropout=0", f"paths.runs={tmp_path / 'runs'}", "name=job", *more,
    ]  # fmt: skip
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)


def wait(what: Callable[[], Any], logs: Path) -> Any:
    """Wait for something that becomes true, and show what the jobs printed if it does not."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > deadline:
            printed = "\n".join(path.read_text(errors="replace") for path in logs.glob("**/*log.err"))
            raise AssertionError(f"not in {PATIENCE} s; the jobs printed:\n{printed[-3000:]}")
        time.sleep(0.5)
    return found


def finished(slurm: Any, tmp_path: Path) -> RunFolder:
    wait(lambda: not slurm.ask("squeue", "-h").strip(), tmp_path / "runs" / ".slurm")
    (path,) = (path for path in (tmp_path / "runs" / "job").iterdir())
    return RunFolder(path)


def test_one_run_is_submitted_and_its_folder_bears_the_number_of_the_job(slurm, tmp_path, table):
    answer = submit(tmp_path, table)
    assert answer.returncode == 0, answer.stderr
    folder = finished(slurm, tmp_path)
    assert f"job {folder.path.name} is in the queue" in answer.stdout
    assert folder.read_json("result.json")["status"] == "done"
    assert folder.read_json("environment.json")["slurm_job"] == folder.path.name


def test_what_slurm_refuses_is_told_in_one_line(slurm, tmp_path, table):
    answer = submit(tmp_path, table, "cluster.extra={constraint: nowhere}")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: cluster=slurm must be accepted by Slurm")
    assert len(answer.stderr.splitlines()) == 1


def test_a_partition_that_is_not_there_is_told_before_anything_is_written(slurm, tmp_path, table):
    answer = submit(tmp_path, table, "cluster.partition=nowhere")
    assert answer.returncode == 2
    assert answer.stderr == "error: cluster.partition=nowhere must be one of: debug. Choose one.\n"
    assert not (tmp_path / "runs").exists()


def test_a_multirun_is_an_array_and_the_same_command_repeats_nothing(slurm, tmp_path, table):
    words = ["-m", "seed=0,1", "optim.lr=1e-3,1e30"]  # the loss of the second is no number
    answer = submit(tmp_path, table, *words)
    assert answer.returncode == 1, answer.stderr
    assert "2 of 4 trials failed" in answer.stdout
    record = json.loads(next((tmp_path / "runs" / ".sweeps").glob("*.json")).read_text("utf-8"))
    statuses = sorted(entry["status"] for entry in record["trials"].values())
    assert statuses == ["done", "done", "failed", "failed"]
    jobs = {entry["job"].partition("_")[0] for entry in record["trials"].values()}
    assert len(jobs) == 1
    again = submit(tmp_path, table, "-m", "seed=0,1", "optim.lr=1e-3")
    assert again.returncode == 0
    assert "2 trials, 2 done before" in again.stdout


def test_a_multirun_of_wrong_input_alone_ends_as_wrong_input(slurm, tmp_path, table):
    answer = submit(tmp_path, table, "data.target=nobody", "-m", "seed=0,1")
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert "nobody" in answer.stderr.splitlines()[-1]


def test_hydras_own_launcher_submits_the_same_runs(slurm, tmp_path, table):
    queue = ["hydra/launcher=submitit_slurm", "hydra.launcher.timeout_min=30"]
    answer = submit(tmp_path, table, "-m", "seed=0,1", queue=queue)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    runs = [RunFolder(path) for path in sorted((tmp_path / "runs" / "job").iterdir())]
    assert sorted(run.config.seed for run in runs) == [0, 1]
    assert {run.read_json("result.json")["status"] for run in runs} == {"done"}
    assert all(run.read_json("environment.json")["slurm_job"] for run in runs)


def test_ranks_on_two_nodes_end_with_the_weights_of_as_many_on_one_machine(slurm, tmp_path, table):
    four = ["trainer=ddp", "trainer.accelerator=cpu", "data.batch_size=8"]
    assert submit(tmp_path, table, *four, "trainer.devices=2", "trainer.num_nodes=2").returncode == 0
    folder = finished(slurm, tmp_path)
    assert folder.read_json("result.json")["status"] == "done"
    local = subprocess.run(
        [
            sys.executable, str(ROOT / "scripts" / "train.py"), "data=table", f"data.table={table}", "data.target=y",
            "task=regression", "trainer.max_epochs=2", "metrics.resamples=20", "model=mlp", "model.dropout=0",
            f"paths.runs={tmp_path / 'runs'}", "name=local", *four, "trainer.devices=4",
        ],
        capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert local.returncode == 0, local.stderr
    other = RunFolder(next((tmp_path / "runs" / "local").iterdir()))
    own, known = load(folder.best)["state_dict"], load(other.best)["state_dict"]
    assert all(torch.equal(value, known[name]) for name, value in own.items())


def test_a_job_whose_time_is_up_goes_on_in_the_same_folder_to_the_same_weights(slurm, tmp_path, table):
    long = ["trainer.max_epochs=400", "callbacks.early_stopping.patience=null"]
    assert submit(tmp_path, table, *long).returncode == 0
    history = wait(lambda: list((tmp_path / "runs").glob("job/*/history.csv")), tmp_path / "runs")
    job = history[0].parent.name
    slurm.ask("scancel", "--signal=USR1", job)
    folder = finished(slurm, tmp_path)
    assert folder.path.name == job
    assert folder.read_json("result.json")["status"] == "done"
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)
    # The same run, never stopped.
    assert submit(tmp_path, table, *long, "name=whole").returncode == 0
    wait(lambda: not slurm.ask("squeue", "-h").strip(), tmp_path / "runs")
    whole = RunFolder(next((tmp_path / "runs" / "whole").iterdir()))
    own, known = load(folder.best)["state_dict"], load(whole.best)["state_dict"]
    assert all(torch.equal(value, known[name]) for name, value in own.items())
    assert folder.history.read_text("utf-8") == whole.history.read_text("utf-8")


def test_scancel_saves_and_ends_without_requeue(slurm, tmp_path, table):
    assert (
        submit(
            tmp_path, table, "trainer.max_epochs=100000", "callbacks.early_stopping.patience=null"
        ).returncode
        == 0
    )
    history = wait(lambda: list((tmp_path / "runs").glob("job/*/history.csv")), tmp_path / "runs")
    slurm.ask("scancel", history[0].parent.name)
    folder = finished(slurm, tmp_path)
    assert folder.read_json("result.json")["status"] == "interrupted"
    assert folder.last.exists()


def test_a_dead_rank_ends_its_job_within_a_minute(slurm, tmp_path, table):
    ranks = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    endless = ["trainer.max_epochs=100000", "callbacks.early_stopping.patience=null"]
    assert submit(tmp_path, table, *ranks, *endless).returncode == 0
    wait(lambda: list((tmp_path / "runs").glob("job/*/history.csv")), tmp_path / "runs")
    victims = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"submitit.core._submit" in (process / "cmdline").read_bytes()
        and b"SLURM_PROCID=1" in (process / "environ").read_bytes().split(b"\0")
    ]
    os.kill(victims[-1], signal.SIGKILL)
    began = time.monotonic()
    folder = finished(slurm, tmp_path)
    assert time.monotonic() - began < 60
    assert "another rank died first" in folder.read_json("result.json")["error"]


def test_a_script_of_ones_own_goes_on_in_the_same_folder(slurm, tmp_path, table):
    script = (ROOT / "scripts" / "slurm" / "one_gpu.sbatch").read_text(encoding="utf-8")
    without_gpu = [line for line in script.splitlines() if "--gpus-per-node" not in line]
    (tmp_path / "own.sbatch").write_text("\n".join(without_gpu) + "\n", encoding="utf-8")
    words = [
        "data=table", f"data.table={table}", "data.target=y", "task=regression", "trainer=cpu", "name=job",
        "trainer.max_epochs=400", "callbacks.early_stopping.patience=null", "metrics.resamples=20",
        f"paths.runs={tmp_path / 'runs'}",
    ]  # fmt: skip
    answer = subprocess.run(
        ["bash", str(tmp_path / "own.sbatch"), *words], capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "SBATCH_TIMELIMIT": "00:30:00",
             "SBATCH_OUTPUT": str(tmp_path / "own.log.err")},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    history = wait(lambda: list((tmp_path / "runs").glob("job/*/history.csv")), tmp_path)
    job = history[0].parent.name
    assert job in answer.stdout
    slurm.ask("scancel", "--signal=USR1", job)
    folder = finished(slurm, tmp_path)
    assert folder.path.name == job
    assert folder.read_json("result.json")["status"] == "done"
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", job)
