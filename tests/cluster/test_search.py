"""A search whose workers are jobs of a real Slurm: pre-empted, killed and watched again by a second command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder

pytestmark = pytest.mark.slow
PATIENCE = 280.0  # seconds, on a machine that others use too


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
    frame["y"] = frame.a * 2 - frame.b + rng.normal(0, 0.1, 120)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    words = [
        "search=mlp", "data=table", f"data.table={tmp_path / 'rows.csv'}", "data.target=y", "task=regression",
        "cluster=slurm", "cluster.time=00:30:00", "trainer=cpu", "metrics.resamples=20",
        "callbacks.early_stopping.patience=null",
        f"paths.runs={tmp_path / 'runs'}", "name=job", "search.prune=false", "search.sampler=random",
        "search.space={optim.lr: {low: 1e-4, high: 1e-2, log: true}}",
    ]  # fmt: skip
    return [sys.executable, str(ROOT / "scripts" / "search.py"), *words]


def start(command: list[str]) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait(what: Callable[[], Any], runs: Path) -> Any:
    """Wait for something that becomes true, and show what the jobs printed if it does not."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > deadline:
            printed = "\n".join(path.read_text(errors="replace") for path in runs.glob(".slurm/**/*log.*"))
            raise AssertionError(f"not in {PATIENCE} s; the jobs printed:\n{printed[-3000:]}")
        time.sleep(0.5)
    return found


def worker_of(job: str) -> int:
    """Find the process of a job that works: srun's task, neither srun nor its shell."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, variables = (
                (process / "cmdline").read_bytes(),
                (process / "environ").read_bytes().split(b"\0"),
            )
        except OSError:
            continue
        number = (f"SLURM_JOB_ID={job}".encode() in variables) or (
            f"SLURM_ARRAY_JOB_ID={job.partition('_')[0]}".encode() in variables
            and f"SLURM_ARRAY_TASK_ID={job.partition('_')[2]}".encode() in variables
        )
        is_python = b"python" in words.partition(b"\0")[0]
        if is_python and b"submitit.core._submit" in words and b"SLURM_PROCID=0" in variables and number:
            return int(process.name)
    raise AssertionError(f"no process of job {job}")


def lease(path: Path) -> dict[str, Any]:
    return json.loads((path / "lease.json").read_text("utf-8")) if (path / "lease.json").exists() else {}


def under_way(place: Path) -> list[Path]:
    """List the trials that have a checkpoint and no result yet."""
    begun = [path.parents[1] for path in place.glob("trial-*/checkpoints/last.ckpt")]
    return [path for path in begun if not RunFolder(path).read_json("result.json").get("status")]


def test_workers_are_an_array_and_one_that_is_killed_or_preempted_loses_nothing(slurm, tmp_path, command):
    runs = tmp_path / "runs"
    place = runs / "job"
    words = ["search.trials=5", "search.workers=2", "trainer.max_epochs=300"]
    watching = start([*command, *words])
    jobs = wait(lambda: (place / "jobs.json").exists(), runs) and json.loads(
        (place / "jobs.json").read_text()
    )
    assert [job.partition("_")[2] for job in jobs] == ["0", "1"]
    wait(lambda: len(under_way(place)) == 2, runs)

    # The second worker is killed outright. Time is up for the first: its trial goes on from the checkpoint, and the
    # job is queued again.
    os.kill(worker_of(jobs[1]), signal.SIGKILL)
    slurm.ask("scancel", "--signal=USR1", jobs[0])
    wait(lambda: "Restarts=1" in slurm.ask("scontrol", "show", "job", jobs[0]), runs)

    # The command that watches is killed; the jobs go on, and the same command watches them.
    watching.kill()
    watching.communicate()
    watching = start([*command, *words])
    said, _ = watching.communicate(timeout=2 * PATIENCE)
    assert watching.returncode == 0, said
    assert "are in the queue already" in said
    found = RunFolder(place).read_json("search.json")
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 5
    assert [trial["number"] for trial in found["trials"]] == list(range(5))
    assert len({trial["values"]["optim.lr"] for trial in found["trials"]}) == 5
    epochs = [pd.read_csv(path / "history.csv").epoch.tolist() for path in sorted(place.glob("trial-*"))]
    assert epochs == [list(range(1, 301))] * 5  # gone on with, not begun again and not repeated
    assert max(lease(path)["tries"] for path in place.glob("trial-*")) == 2  # the one that was killed
    assert (place / "report.html").exists()
    wait(lambda: not slurm.ask("squeue", "-h").strip(), runs)
    again = start([*command, *words])
    said, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert "queue" not in said


def test_cancelled_workers_end_the_search_and_the_same_command_goes_on(slurm, tmp_path, command):
    runs = tmp_path / "runs"
    place = runs / "job"
    watching = start([*command, "search.trials=1", "trainer.max_epochs=100000"])
    wait(lambda: list(place.glob("trial-*/checkpoints/last.ckpt")), runs)
    (job,) = json.loads((place / "jobs.json").read_text())
    slurm.ask("scancel", job)
    said, _ = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 75, said
    assert f"job {job} was cancelled" in said
    assert lease(place / "trial-0000")["worker"] is None
    assert RunFolder(place / "trial-0000").read_json("result.json")["status"] == "interrupted"
