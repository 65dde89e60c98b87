"""Workers of a search in Slurm's queue: how many, which are replaced, when it ends; tests/cluster has a real Slurm."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.launch.process.child import Stop
from groundwork.launch.search import jobs
from groundwork.launch.search.jobs import Crew, check_queue, run_jobs, run_worker

WORDS = ["data=diabetes", "search=mlp", "cluster=slurm"]


class FakeQueue:
    """A queue whose jobs are gone as the test says, and a study with trials left."""

    def __init__(self, place: Path, workers: int, left: int = 9):
        self.alive: set[str] = set()
        self.states: dict[str, str] = {}
        self.submitted: list[int] = []
        self.left = left
        search = SimpleNamespace(workers=workers)
        self.study: Any = SimpleNamespace(
            place=place, search=search, count_open=lambda: self.left, is_over=lambda: self.left == 0,
            trials=lambda: [], total=left,
        )  # fmt: skip

    def submit(self, work: Any, each: list[Any], *_: Any) -> list[str]:
        self.submitted.append(len(each))
        jobs = [f"{len(self.submitted)}_{number}" for number in range(len(each))]
        self.alive |= set(jobs)
        return jobs

    def end(self, job: str, state: str) -> None:
        self.alive -= {job}
        self.states[job] = state


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeQueue]:
    def build(workers: int, left: int = 9) -> FakeQueue:
        (tmp_path / "s").mkdir(exist_ok=True)
        fake = FakeQueue(tmp_path / "s", workers, left)
        monkeypatch.setattr(jobs, "check_partition", lambda _: None)  # of a Slurm that is not here
        monkeypatch.setattr(jobs, "jobs_alive", lambda: dict.fromkeys(fake.alive, "None"))
        monkeypatch.setattr(jobs, "submit", fake.submit)
        monkeypatch.setattr(jobs, "_state", fake.states.get)
        monkeypatch.setattr(jobs, "SECONDS_BETWEEN_LOOKS", 0)
        return fake

    return build


def crew(fake: FakeQueue) -> Crew:
    return Crew(WORDS, compose_run(WORDS).config, fake.study, Console(quiet=True))


def look(workers: Crew) -> None:
    for _ in range(jobs.LOOKS):
        workers.fill()


def test_a_second_command_watches_the_jobs_of_the_first_and_adds_what_is_missing(queue):
    fake = queue(3)
    assert crew(fake).numbers == ["1"]
    assert crew(fake).jobs == ["1_0", "1_1", "1_2"]
    fake.end("1_1", "FAILED")
    assert crew(fake).jobs == ["1_0", "1_2", "2_0"]
    assert fake.submitted == [3, 1]


def test_there_are_never_more_workers_than_trials(queue):
    fake = queue(5, left=2)
    crew(fake)
    assert fake.submitted == [2]


def test_a_worker_that_was_killed_is_replaced_as_often_as_there_were_workers(queue):
    fake = queue(1)
    workers = crew(fake)
    workers.fill()
    fake.end("1_0", "NODE_FAIL")
    workers.fill()
    assert fake.submitted == [1]  # a job that is queued again may be out of sight for a moment
    workers.fill()
    assert workers.jobs == ["2_0"]
    fake.end("2_0", "FAILED")
    with pytest.raises(RuntimeError, match="every worker of the search died"):
        look(workers)


def test_cancelled_workers_are_not_replaced_and_end_the_search_when_none_is_left(queue):
    fake = queue(2)
    workers = crew(fake)
    fake.end("1_0", "CANCELLED")
    look(workers)
    assert workers.jobs == ["1_1"]
    fake.end("1_1", "CANCELLED by 0")
    with pytest.raises(KeyboardInterrupt, match="same command again"):
        look(workers)
    assert fake.submitted == [2]


def test_a_signal_ends_the_watching_and_not_the_jobs(queue, monkeypatch, capsys):
    monkeypatch.setattr(Stop, "__init__", lambda self: setattr(self, "asked", 1))
    fake = queue(2)
    with pytest.raises(KeyboardInterrupt, match="watches them"):
        run_jobs(WORDS, compose_run(WORDS).config, fake.study, "rmse", Console())
    assert "scancel 1 ends them" in capsys.readouterr().out
    assert fake.alive == {"1_0", "1_1"}


def test_a_worker_is_one_process(queue):
    queue(1)
    assert check_queue([*WORDS, "cluster.gpus_per_node=1"]).trainer.devices == 1
    with pytest.raises(UserError, match=r"1 nodes x 8.*search\.workers"):
        check_queue([*WORDS, "cluster.gpus_per_node=8"])


@pytest.mark.parametrize(("name", "times"), [("SIGUSR1", 1), ("SIGTERM", 0)])
def test_only_the_end_of_its_time_queues_a_worker_again(
    monkeypatch: pytest.MonkeyPatch, name: str, times: int
):
    def stop(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    again: list[int] = []
    monkeypatch.setattr("groundwork.launch.search.jobs.work_for", stop)
    monkeypatch.setattr(jobs, "asked_by", lambda: name)
    monkeypatch.setattr(jobs, "requeue", lambda: again.append(1))
    with pytest.raises(SystemExit) as ended:
        run_worker(WORDS)
    assert ended.value.code == 75
    assert len(again) == times
