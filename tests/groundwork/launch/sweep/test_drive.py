"""Trials of a sweep run apart: none ends the others, none is repeated, none is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.core.run_folder import RunFolder
from groundwork.launch.sweep import drive as module
from groundwork.launch.sweep.drive import last_line, outcome
from groundwork.launch.sweep.launch import Sweep, open_sweeps
from groundwork.launch.sweep.multirun import swept
from groundwork.launch.sweep.sweep import Record, identify

HERE = Path(__file__).parent


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIAL_MODULE", "fake_trial")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))


def drive(words: list[list[str]]) -> int:
    runs = Path(identify(words[:1])[0].composition.config.paths.runs)

    def sweep() -> None:
        open_sweeps.append(Sweep(runs, Console()))
        open_sweeps[0].run(words)

    return swept(runs, sweep)


def combinations(tmp_path: Path, seeds: list[int], jobs: int) -> list[list[str]]:
    shared = ["data=diabetes", f"paths.runs={tmp_path / 'runs'}", f"cluster.jobs={jobs}"]
    return [[*shared, f"seed={seed}"] for seed in seeds]


def ended(tmp_path: Path) -> list[int]:
    """Count how often each trial came to its end."""
    return [
        len(file.read_text("utf-8").splitlines())
        for file in sorted((tmp_path / "runs" / "diabetes").glob("*/ended.txt"))
    ]


@pytest.mark.usefixtures("fake")
def test_failing_trials_are_recorded_and_do_not_end_the_sweep(tmp_path: Path, capsys: pytest.CaptureFixture):
    words = combinations(tmp_path, [0, 91, 93, 94, 1], jobs=5)
    assert drive(words) == 1
    record = json.loads(next((tmp_path / "runs" / ".sweeps").glob("*.json")).read_text("utf-8"))
    errors = {entry["words"][-1]: entry["error"] for entry in record["trials"].values()}
    assert errors == {
        "seed=0": None,
        "seed=91": "ValueError: optim.lr is negative",
        "seed=93": "exit status 3",
        "seed=94": "killed by signal 9",
        "seed=1": None,
    }
    said = capsys.readouterr().out
    assert "3 of 5 trials failed" in said
    assert "uv run scripts/compare.py runs=" in said
    assert drive(words) == 1  # what failed is tried once more, what is done is not
    assert sorted(ended(tmp_path)) == [1, 1, 2, 2, 2]


@pytest.mark.usefixtures("fake")
def test_a_trial_stopped_by_a_signal_stops_the_sweep_and_counts_as_no_failure(tmp_path: Path):
    words = combinations(tmp_path, [95, 0, 1], jobs=1)
    with pytest.raises(KeyboardInterrupt, match="same command again"):
        drive(words)
    trials = identify(words)
    record = Record(tmp_path / "runs", trials)
    assert record.open(trials, {}) == trials
    assert [record.entry(trial)["status"] for trial in trials] == ["stopped", "waiting", "waiting"]


@pytest.mark.usefixtures("fake")
def test_two_drivers_of_one_sweep_are_refused(tmp_path: Path):
    words = combinations(tmp_path, [0], jobs=1)
    with (
        locked(Record(tmp_path / "runs", identify(words)).lock),
        pytest.raises(UserError, match="one driver"),
    ):
        drive(words)


def test_jobs_must_be_positive(tmp_path: Path):
    with pytest.raises(UserError, match=r"cluster\.jobs must be a whole number in \[1, inf\), but got 0"):
        drive(combinations(tmp_path, [0], jobs=0))


@pytest.mark.parametrize(
    ("status", "result", "console", "expected"),
    [
        (0, {"status": "done"}, "", ("done", None)),
        (0, {}, "", ("failed", "exit status 0")),
        (75, {"status": "interrupted"}, "", ("stopped", None)),
        (75, {"status": "failed", "error": "sys.exit(75)"}, "", ("failed", "sys.exit(75)")),
        (1, {"status": "running"}, "Traceback\nValueError: x\n\n", ("failed", "ValueError: x")),
        (-9, {"status": "running"}, "epoch 3\n", ("failed", "killed by signal 9")),
    ],
)
def test_status_and_folder_tell_what_became_of_a_trial(tmp_path: Path, status, result, console, expected):
    folder = RunFolder(tmp_path)
    if result:
        folder.write_json("result.json", result)
    folder.console.write_text(console, encoding="utf-8")
    assert outcome(folder, status) == expected
    if expected[0] == "failed":
        assert folder.read_json("result.json")["status"] == "failed"


def test_the_last_line_of_a_log_is_one_that_says_something(tmp_path: Path):
    assert last_line(tmp_path / "none") is None
    (tmp_path / "log").write_bytes(b"first\n  second \xff\n\n  \n")
    assert last_line(tmp_path / "log") == "second \ufffd"


DRIVER = """
import sys
from groundwork.launch.sweep import drive
from groundwork.launch.cli import enter
from groundwork.launch.commands import train
drive.TRIAL_MODULE = "fake_trial"
seeds = ",".join(map(str, [*range(15), 90, 91, 92, 93, 94]))
words = ["-m", "data=diabetes", f"paths.runs={sys.argv[1]}", "cluster.jobs=3", f"seed={seeds}"]
raise SystemExit(enter(lambda _: train(words)))
"""


@pytest.mark.weekly
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX")
def test_twenty_trials_five_of_which_fail_survive_three_kills_of_their_driver(tmp_path: Path):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "runs")]
    for enough in (2, 8, 13):
        driver = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 100
        while len(ended(tmp_path)) < enough and driver.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.05)  # the trial that has just ended writes its result
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    last = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert last.returncode == 1
    assert "5 of 20 trials failed" in last.stdout
    record = json.loads(next((tmp_path / "runs" / ".sweeps").glob("*.json")).read_text("utf-8"))
    statuses = [entry["status"] for entry in record["trials"].values()]
    assert (statuses.count("done"), statuses.count("failed")) == (15, 5)
    assert ended(tmp_path) == [1] * 20
