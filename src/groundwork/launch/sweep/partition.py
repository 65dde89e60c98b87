"""What Slurm says of a partition -> the job that fits it, or one line before it would wait for ever."""

import re
import shutil
import subprocess
from typing import Any

from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.launch.config.times import TIME

CORES = 4  # of a process, where Slurm does not tell how many there are for each GPU
SECONDS = 20.0  # that Slurm may take to answer
ABSENT = (
    "cluster=slurm must find {}, but Slurm is not installed here. Type it on a machine of the cluster, or use "
    "cluster=local."
)


def check_partition(config: DictConfig) -> None:
    """Refuse a job that its partition can never start; where Slurm does not tell, nothing is refused.

    Args:
        config: Of the runs, see `with_resources`.

    Raises:
        UserError: If Slurm is not installed here, or there is no such partition, or it has less than is asked for.
    """
    if shutil.which("sbatch") is None:
        raise UserError(ABSENT.format("sbatch"))
    cluster, known = config.cluster, _partitions()
    if not known:
        return
    name = cluster.partition or _default(known)
    if not name or "," in name:
        return  # Slurm takes whichever of several fits
    if name not in known:
        raise UserError(f"cluster.partition={name} must be one of: {', '.join(known)}. Choose one.")
    limit, wanted = minutes(known[name].get("MaxTime")), minutes(cluster.time)
    if limit is not None and wanted is not None and wanted > limit:
        more = "Shortly before its end a run saves and queues again."
        raise _too_much("time", cluster.time, known[name]["MaxTime"], name, more)
    most = [
        int(known[name].get(key, ""))
        for key in ("MaxNodes", "TotalNodes")
        if known[name].get(key, "").isdigit()
    ]
    if most and config.trainer.num_nodes > min(most):
        raise _too_much("nodes", config.trainer.num_nodes, min(most), name)
    nodes = _nodes(name)
    gpus = max((gpus for _, gpus in nodes), default=0)
    if nodes and (cluster.gpus_per_node or 0) > gpus:
        raise _too_much("gpus_per_node", cluster.gpus_per_node, gpus, name)


def cores_per_task(config: DictConfig) -> int | None:
    """Give `cluster.cpus_per_task`: where it is auto, a process's share of the smallest node, as of its GPUs."""
    cluster = config.cluster
    if cluster.cpus_per_task != "auto":
        if cluster.cpus_per_task is not None:
            check_range("cluster.cpus_per_task", cluster.cpus_per_task, "[1, inf)", whole=True)
        given: int | None = cluster.cpus_per_task
        return given
    name = cluster.partition or _default(_partitions())
    wanted, tasks = int(cluster.gpus_per_node or 0), int(config.trainer.devices)
    nodes = [(cores, gpus) for cores, gpus in _nodes(name) if gpus >= wanted] if name else []
    if not nodes:
        return CORES
    if wanted:
        return max(1, min(cores * wanted // gpus for cores, gpus in nodes) // tasks)
    return max(1, min(CORES, min(cores for cores, _ in nodes) // tasks))


def minutes(text: Any) -> float | None:
    """Read a time as Slurm writes it: `minutes`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM` or `D-HH:MM:SS`.

    Returns:
        None for UNLIMITED and what is no time.
    """
    if (found := TIME.fullmatch(str(text))) is None:
        return None
    parts = [int(part) for part in (found["first"], found["second"], found["third"]) if part is not None]
    if found["days"] is not None:
        hours, rest, seconds = (*parts, 0, 0)[:3]
        return 1440 * int(found["days"]) + 60 * hours + rest + seconds / 60
    if len(parts) == 3:
        return 60 * parts[0] + parts[1] + parts[2] / 60
    return parts[0] + (parts[1] / 60 if len(parts) == 2 else 0)


def _too_much(key: str, wanted: Any, most: Any, partition: str, more: str = "") -> UserError:
    return UserError(
        f"cluster.{key}={wanted} must be at most {most}, or the job waits for ever in the partition {partition}. Lower "
        f"it, or choose another cluster.partition. {more}".strip()
    )


def _partitions() -> dict[str, dict[str, str]]:
    """Ask for every partition: name -> what `scontrol` says of it."""
    found = {}
    for line in _ask("scontrol", "--oneliner", "show", "partition").splitlines():
        content = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" in content:
            found[content["PartitionName"]] = content
    return found


def _default(partitions: dict[str, dict[str, str]]) -> str:
    return next((name for name, one in partitions.items() if one.get("Default") == "YES"), "")


def _nodes(partition: str) -> list[tuple[int, int]]:
    """Ask for cores and GPUs of each node of a partition."""
    lines = _ask("sinfo", "--noheader", "--Node", f"--partition={partition}", "--format=%c %G").splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line.strip()]
    return [(int(cores), _gpus(gres)) for cores, gres in rows if cores.isdigit()]


def _gpus(gres: str) -> int:
    """Count the GPUs in words such as `gpu:a100:4(S:0-1),gpu:2`."""
    return sum(int(number) for number in re.findall(r"\bgpu(?::[^:,()]+)?:(\d+)", gres))


def _ask(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
