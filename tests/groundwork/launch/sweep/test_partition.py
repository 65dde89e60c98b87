"""What Slurm says of its partitions, in the form that scontrol and sinfo print, and what follows for a job."""

from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.launch.sweep import partition
from groundwork.launch.sweep.partition import check_partition, cores_per_task, minutes

PARTITIONS = """\
PartitionName=short AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES QoS=N/A \
DefaultTime=NONE DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 Hidden=NO MaxNodes=UNLIMITED MaxTime=02:00:00 \
MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED Nodes=c[1-3] PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO \
OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF State=UP TotalCPUs=96 TotalNodes=3 SelectTypeParameters=NONE \
JobDefaults=(null) DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED TRES=cpu=96,mem=192G,node=3,billing=96
PartitionName=gpu AllowGroups=ALL Default=NO DefaultTime=01:00:00 MaxNodes=2 MaxTime=7-00:00:00 MinNodes=0 \
Nodes=g[1-4] State=UP TotalCPUs=448 TotalNodes=4 TRES=cpu=448,mem=2T,node=4,gres/gpu=32
PartitionName=endless AllowGroups=ALL Default=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED State=UP TotalNodes=1
"""
NODES = {
    "short": "32 (null)\n32 (null)\n16 (null)\n",
    "gpu": "128 gpu:a100:8(S:0-1)\n128 gpu:a100:8(S:0-1)\n96 gpu:h100:8\n2 gpu:1,shard:4\n",
    "endless": "",
}


@pytest.fixture(autouse=True)
def _slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*command: str) -> str:
        if command[0] == "scontrol":
            return PARTITIONS
        named = next(word for word in command if word.startswith("--partition="))
        return NODES[named.partition("=")[2]]

    monkeypatch.setattr(partition, "_ask", ask)
    monkeypatch.setattr(partition.shutil, "which", lambda name: f"/usr/bin/{name}")


def config(devices: int = 1, num_nodes: int = 1, **cluster: Any) -> DictConfig:
    known = {"partition": None, "time": "01:00:00", "gpus_per_node": None, "cpus_per_task": "auto"}
    return OmegaConf.create(
        {"cluster": known | cluster, "trainer": {"devices": devices, "num_nodes": num_nodes}}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), (90, 90), ("30:30", 30.5), ("04:00:00", 240), ("1-00", 1440), ("1-12:30", 2190),
     ("2-00:00:30", 2880.5), ("UNLIMITED", None), (None, None), ("soon", None)],
)  # fmt: skip
def test_times_are_read_as_slurm_writes_them(text: Any, expected: float | None):
    assert minutes(text) == expected


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"time": "04:00:00"}, r"cluster\.time=04:00:00 must be at most 02:00:00, or the job waits for ever in the "),
        ({"partition": "gpu", "time": "7-00:00:01"}, "must be at most 7-00:00:00"),
        ({"partition": "gpu", "num_nodes": 3}, r"cluster\.nodes=3 must be at most 2"),
        ({"num_nodes": 4}, r"cluster\.nodes=4 must be at most 3"),
        ({"gpus_per_node": 1}, r"cluster\.gpus_per_node=1 must be at most 0"),
        ({"partition": "gpu", "gpus_per_node": 16}, r"cluster\.gpus_per_node=16 must be at most 8"),
        ({"partition": "gpus"}, r"cluster\.partition=gpus must be one of: short, gpu, endless"),
    ],
)  # fmt: skip
def test_a_job_that_would_wait_for_ever_is_refused(asked: dict[str, Any], said: str):
    with pytest.raises(UserError, match=said):
        check_partition(config(**asked))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"time": None},
        {"time": "02:00:00", "num_nodes": 3},
        {"partition": "gpu", "gpus_per_node": 8, "num_nodes": 2, "time": "7-00:00:00"},
        {"partition": "endless", "time": "300-00"},
        {"partition": "short,gpu", "time": "3-00"},
    ],
)
def test_a_job_that_fits_passes(asked: dict[str, Any]):
    check_partition(config(**asked))


@pytest.mark.parametrize(
    ("asked", "cores"),
    [
        ({"partition": "gpu", "gpus_per_node": 8, "devices": 8}, 12),  # of the smallest node with eight
        ({"partition": "gpu", "gpus_per_node": 2, "devices": 2}, 12),
        ({}, 4),
        ({"devices": 8}, 2),  # of sixteen
        ({"partition": "endless"}, 4),  # where Slurm does not tell
        ({"cpus_per_task": 3}, 3),
        ({"cpus_per_task": None}, None),
    ],
)
def test_a_process_gets_the_cores_that_belong_to_its_gpu(asked: dict[str, Any], cores: int | None):
    assert cores_per_task(config(**asked)) == cores


def test_without_sbatch_one_is_told_where_to_type_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(partition.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match=r"must find sbatch, but Slurm is not installed here\. Type it on"):
        check_partition(config())
