"""What a cluster is asked for, and what is told of jobs that have left the queue; tests/cluster has a real Slurm."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.resources import with_resources
from groundwork.launch.saved import new_folder, requeued_folder
from groundwork.launch.sweep import job, partition
from groundwork.launch.sweep.queue_up import fate, log_folder
from groundwork.launch.sweep.slurm import parameters


def test_a_run_has_the_devices_and_nodes_that_its_cluster_has():
    words = ["data=diabetes", "cluster=slurm", "cluster.nodes=2", "cluster.gpus_per_node=4", "trainer=ddp"]
    trainer = with_resources(words).config.trainer
    assert (trainer.num_nodes, trainer.devices) == (2, 4)
    words = ["data=diabetes", "cluster=slurm", "trainer.num_nodes=3", "trainer.devices=2"]
    trainer = with_resources(words).config.trainer
    assert (trainer.num_nodes, trainer.devices) == (3, 2)
    assert with_resources(["data=diabetes", "trainer=ddp"]).config.trainer.devices == "auto"


def test_every_key_reaches_slurm_and_what_is_null_is_left_to_it(monkeypatch: pytest.MonkeyPatch):
    words = [
        "data=diabetes", "cluster=slurm", "cluster.partition=gpu", "cluster.gpus_per_node=4", "cluster.memory=64G",
        "cluster.account=me", "cluster.setup=[module load cuda]", "cluster.extra={constraint: h100}",
        "cluster.jobs=3", "cluster.signal_seconds=90",
    ]  # fmt: skip
    monkeypatch.setattr(partition, "_ask", lambda *_: "")  # Slurm does not tell how many cores there are
    asked = parameters(with_resources(words).config, "name")
    assert asked == {
        "job_name": "name", "partition": "gpu", "account": "me", "nodes": 1, "ntasks_per_node": 4,
        "gpus_per_node": 4, "cpus_per_task": 4,
        "mem": "64G", "time": "04:00:00", "setup": ["module load cuda"], "array_parallelism": 3,
        "additional_parameters": {"signal": "USR1@90", "requeue": True, "constraint": "h100"},
        "srun_args": ["--kill-on-bad-exit=1"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"status": "done"}, ("done", None)),
        ({"status": "interrupted"}, ("stopped", None)),
        ({"status": "failed", "error": "ValueError: lr"}, ("failed", "ValueError: lr")),
    ],
)
def test_a_job_that_has_left_the_queue_is_what_its_folder_says(tmp_path: Path, result, expected):
    folder = RunFolder(tmp_path)
    folder.write_json("result.json", result)
    assert fate(folder, "7") == expected


def test_a_job_that_ended_without_a_word_has_failed(tmp_path: Path):
    folder = RunFolder(tmp_path)
    assert fate(folder, "7")[0] == "failed"
    assert "job 7 was ended without a word" in folder.read_json("result.json")["error"]


def test_runs_that_cannot_be_written_are_told_in_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"paths\.runs=.*file must be a folder one can write to"):
        log_folder(tmp_path / "file", "name")


def test_a_job_of_ones_own_goes_on_in_its_folder_when_it_is_queued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    composition = compose_run(["data=diabetes", f"paths.runs={tmp_path / 'runs'}"])
    monkeypatch.setenv("SLURM_JOB_ID", "41")
    first, second = new_folder(composition), new_folder(composition)
    assert (first.path.name, second.path.name) == ("41", "41-1")  # two runs in one job
    assert requeued_folder(composition) is None
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert requeued_folder(composition) == first


def test_only_the_end_of_its_time_queues_a_job_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundwork.launch.start.resume", lambda *_: 75)
    again: list[int] = []
    monkeypatch.setattr(job, "requeue", lambda: again.append(1))
    folder = RunFolder.furnish(tmp_path)
    for error, times in (("SIGTERM", 0), ("SIGUSR1", 1)):
        folder.write_json("result.json", {"status": "interrupted", "error": error})
        with pytest.raises(SystemExit) as ended:
            job.run_job(str(tmp_path), None, None)
        assert ended.value.code == 75
        assert len(again) == times
