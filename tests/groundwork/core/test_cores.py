"""A process takes its share of the cores that the system, a container or Slurm leaves to it."""

import os
from pathlib import Path

import pytest

from groundwork.core import cores
from groundwork.core.cores import Moment, is_busy, own_cores, settle_threads, usable_cores
from groundwork.core.cores import moment as read_clocks

NAMES = (
    "SLURM_CPUS_PER_TASK",
    "SLURM_STEP_TASKS_PER_NODE",
    "LOCAL_WORLD_SIZE",
    "WORLD_SIZE",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "GOMP_SPINCOUNT",
    "GROUNDWORK_SHARES",
    "GROUNDWORK_THREADS",
    "GROUNDWORK_RENDEZVOUS",
)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pretend 16 of 128 cores without a quota, and nothing else that computes."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what a test sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    monkeypatch.setattr(cores, "moment", lambda: Moment(0.0, 0.0, 0.0))
    monkeypatch.setattr(cores, "BEGAN", Moment(0.0, 0.0, 0.0))
    monkeypatch.setattr(cores, "CGROUP", (tmp_path / "cgroup", tmp_path))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 16),
        ({"LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "4"}, 8),  # torchrun, or ranks of ours
        ({"LOCAL_WORLD_SIZE": "100", "WORLD_SIZE": "100"}, 1),
        ({"GROUNDWORK_SHARES": "4"}, 4),  # trials of a sweep
        ({"GROUNDWORK_SHARES": "4", "LOCAL_WORLD_SIZE": "2"}, 2),
        ({"SLURM_CPUS_PER_TASK": "4", "LOCAL_WORLD_SIZE": "4"}, 4),  # of each task, which are the ranks
        ({"SLURM_CPUS_PER_TASK": "64"}, 16),
        (
            {"SLURM_CPUS_PER_TASK": "8", "LOCAL_WORLD_SIZE": "4", "GROUNDWORK_RENDEZVOUS": "file"},
            2,
        ),  # of one task
        ({"SLURM_STEP_TASKS_PER_NODE": "4(x2)"}, 4),  # before the ranks of srun are adopted
    ],
)
def test_cores_are_divided_among_those_that_share_them(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: int
):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert own_cores() == expected


def test_the_quota_of_any_control_group_above_counts(tmp_path: Path):
    (tmp_path / "cgroup").write_text("0::/pod/box\n", encoding="ascii")
    (tmp_path / "pod" / "box").mkdir(parents=True)
    (tmp_path / "pod" / "box" / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert usable_cores() == 16
    (tmp_path / "pod" / "cpu.max").write_text("250000 100000\n", encoding="ascii")
    assert usable_cores() == 3
    (tmp_path / "cgroup").write_text("4:cpu,cpuacct:/old\n3:cpuset:/\n", encoding="ascii")
    old = tmp_path / "cpu,cpuacct" / "old"
    old.mkdir(parents=True)
    (old / "cpu.cfs_quota_us").write_text("50000\n", encoding="ascii")
    (old / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    assert usable_cores() == 1


@pytest.mark.parametrize(("others", "busy"), [(0.1, False), (112.0, False), (113.0, True)])
def test_a_machine_is_busy_where_others_need_the_cores_of_this_process(
    monkeypatch: pytest.MonkeyPatch, others: float, busy: bool
):
    for ask in (is_busy, settle_threads):
        # 2 seconds in which this process computed on 3 cores
        monkeypatch.setattr(cores, "BEGAN", Moment(10.0, 500.0, 7.0))
        monkeypatch.setattr(cores, "moment", lambda: Moment(12.0, 506.0 + 2 * others, 13.0))
        assert ask() in (busy, None)
    assert os.environ.get("GOMP_SPINCOUNT") == ("1000" if busy else None)


def test_the_clocks_of_machine_and_process_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 3 4000 500 60 7 8 999 0\ncpu0 1 2 3\n", encoding="ascii")
    monkeypatch.setattr(cores, "STAT", stat)
    assert read_clocks().everyone == pytest.approx((100 + 20 + 3 + 60 + 7 + 8) / os.sysconf("SC_CLK_TCK"))
    monkeypatch.setattr(cores, "STAT", tmp_path / "none")
    assert read_clocks().everyone == 0


def test_what_is_set_by_hand_stays_and_what_a_parent_set_is_counted_anew(monkeypatch: pytest.MonkeyPatch):
    settle_threads()
    assert os.environ["OMP_NUM_THREADS"] == "16"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    settle_threads()
    assert os.environ["OMP_NUM_THREADS"] == "8"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    settle_threads()
    assert os.environ["OMP_NUM_THREADS"] == "3"
