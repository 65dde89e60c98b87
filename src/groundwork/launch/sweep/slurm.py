"""Work -> Slurm jobs, through submitit; and in the job: a run, which queues itself again when time is up."""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.admitted import handed_on
from groundwork.core.errors import UserError
from groundwork.launch.sweep.partition import cores_per_task


def submit(
    work: Callable[..., None], each: Sequence[Sequence[Any]], config: DictConfig, logs: Path, name: str
) -> list[str]:
    """Submit one job, or an array.

    Args:
        work: What a job does.
        each: Its arguments, for each job.
        config: Of the runs, see `with_resources` and `check_partition`; they share their resources.
        logs: For submitit's files and what the jobs print; on a disk that all nodes see.
        name: Of the job in the queue.

    Returns:
        The job numbers, such as 12 or 12_3, in the order of `each`.

    Raises:
        UserError: If submitit or Slurm is absent, or Slurm refuses the job.
    """
    try:
        from submitit import SlurmExecutor
        from submitit.core.utils import FailedJobError, FailedSubmissionError
    except ImportError as error:
        raise UserError("cluster=slurm must find submitit. Run: uv sync --extra cluster") from error
    os.environ |= handed_on()  # which sbatch gives to the jobs
    try:
        with redirect_stderr(StringIO()):  # of sbatch, whose words the error below repeats
            executor = SlurmExecutor(folder=logs, python=f"{shlex.quote(sys.executable)} -P")
            executor.update_parameters(**parameters(config, name))
            if len(each) == 1:
                jobs = [executor.submit(work, *each[0])]
            else:
                jobs = executor.map_array(work, *map(list, zip(*each, strict=True)))
        return [str(job.job_id) for job in jobs]
    except (FailedJobError, FailedSubmissionError, RuntimeError, OSError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"cluster=slurm must be accepted by Slurm, but: {said}. Change cluster.*") from error


def parameters(config: DictConfig, name: str) -> dict[str, Any]:
    """Say the keys of `cluster` in submitit's terms."""
    cluster = config.cluster
    given = {
        "job_name": name,
        "partition": cluster.partition,
        "account": cluster.account,
        "nodes": config.trainer.num_nodes,
        "ntasks_per_node": config.trainer.devices,
        "cpus_per_task": cores_per_task(config),
        "gpus_per_node": cluster.gpus_per_node,
        "mem": cluster.memory,
        "time": cluster.time,
        "setup": list(cluster.setup) or None,
        "array_parallelism": cluster.jobs,
    }
    extra = OmegaConf.to_container(cluster.extra) if cluster.extra else {}
    assert isinstance(extra, dict)
    # submitit's own signal, USR2, would lose the job; without B: every process of the step gets ours.
    added = {"signal": f"USR1@{cluster.signal_seconds}", "requeue": True} | extra
    chosen = {key: value for key, value in given.items() if value is not None}
    # One dead rank ends the others at once.
    return chosen | {"additional_parameters": added, "srun_args": ["--kill-on-bad-exit=1"]}
