"""What the queue holds and why jobs wait, as squeue tells; tests/cluster has a real Slurm."""

import subprocess

import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.launch.sweep import alive
from groundwork.launch.sweep.alive import Waiting, jobs_alive


def test_a_machine_without_slurm_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="not installed here"):
        jobs_alive()


def test_a_queue_that_does_not_answer_is_no_empty_queue(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alive, "SECONDS_BETWEEN_LOOKS", 0)
    answer = subprocess.CompletedProcess([], 1, "", "slurm_load_jobs error: Unable to contact")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(UserError, match="Unable to contact"):
        jobs_alive()


def test_jobs_come_with_slurms_reason(monkeypatch: pytest.MonkeyPatch):
    printed = "12_0 None\n12_1 Resources\n13 ReqNodeNotAvail, UnavailableNodes:n[1-2]\n"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, printed, ""))
    assert jobs_alive() == {
        "12_0": "None",
        "12_1": "Resources",
        "13": "ReqNodeNotAvail, UnavailableNodes:n[1-2]",
    }


def test_a_reason_is_told_when_it_changes_and_not_again(capsys: pytest.CaptureFixture[str]):
    waiting = Waiting(Console())

    def told(**jobs: str) -> str:
        waiting.tell({f"1_{number}": reason for number, reason in enumerate(jobs.values())}, ["1_0", "1_1"])
        return " ".join(capsys.readouterr().out.split())

    assert (
        told(a="Resources", b="Resources")
        == "note: waiting: 1_0, 1_1 (Resources: the nodes that it needs are busy)"
    )
    assert told(a="None", b="Resources") == ""
    assert told(a="None", b="QOSMaxCpu") == "note: waiting: 1_1 (QOSMaxCpu)"
    assert told(a="None", b="None", c="Priority") == ""  # the job of another
