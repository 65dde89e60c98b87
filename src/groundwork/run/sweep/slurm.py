"""Work -> Slurm jobs, through submitit; and in the job: a run, which queues itself again when time is up."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.run.config.compose import Composition, compose_run
from groundwork.run.config.trust import handed_on
from groundwork.run.door import DONE, INTERRUPTED, enter
from groundwork.run.folder import RunFolder, run_id
from groundwork.run.process.child import SWEEP
from groundwork.run.process.ranks import adopt_srun, is_first

SECONDS_TO_APPEAR = 60.0  # that a folder which one node has made may take to be seen by another
TIME_IS_UP = (
    "SIGUSR1"  # what `--signal` sends; TERM, of scancel and pre-emption, ends the job or leaves it to Slurm
)


def with_resources(words: Sequence[str]) -> Composition:
    """Compose a run for a cluster: `trainer` has as many machines and devices as `cluster` asks for."""
    composition = compose_run(words)
    cluster, trainer = composition.config.cluster, composition.config.trainer
    if cluster.kind != "slurm":
        return composition
    devices = 1 if trainer.devices == "auto" else trainer.devices
    tasks = cluster.tasks_per_node or cluster.gpus_per_node or devices
    nodes = cluster.nodes or trainer.num_nodes
    return compose_run([*words, f"trainer.num_nodes={nodes}", f"trainer.devices={tasks}"])


def submit(
    work: Callable[..., None], each: Sequence[Sequence[Any]], config: DictConfig, logs: Path, name: str
) -> list[str]:
    """Submit one job, or an array.

    Args:
        work: What a job does.
        each: Its arguments, for each job.
        config: Of the runs, see `with_resources`; they share their resources.
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
        "cpus_per_task": cluster.cpus_per_task,
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


def run_job(path: str, kin: str | None, sweep: str | None) -> None:
    """Begin or go on with a run, as one task of a Slurm job; queue the job again if its time was up.

    Args:
        path: Folder with what `saved.py` writes.
        kin: Where it goes when the job begins, under the number of the job; None leaves it where it is.
        sweep: That the run belongs to.
    """
    adopt_srun()
    if sweep is not None:
        os.environ[SWEEP] = sweep
    folder = RunFolder(Path(path) if kin is None else _claim(Path(path), Path(kin)))

    def work(_: list[str]) -> int:
        from groundwork.run.start import resume  # pandas: not on the machine that submits

        return resume(str(folder.path), [])

    status = enter(work)
    if status == INTERRUPTED and is_first() and folder.read_json("result.json").get("error") == TIME_IS_UP:
        requeue()
    if status != DONE:
        raise SystemExit(status)


def requeue() -> None:
    """Put the job of this process back into the queue, under its number."""
    subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=True)
    time.sleep(
        SECONDS_TO_APPEAR
    )  # Slurm ends this process meanwhile; an exit status would end the job instead


def _claim(path: Path, kin: Path) -> Path:
    """Move the saved start of a run to its place, unless the job was there before."""
    target = kin / run_id()
    if is_first() and not target.exists():
        kin.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    deadline = time.monotonic() + SECONDS_TO_APPEAR
    while not target.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    return target
