"""In a Slurm job: a run, which queues itself again when its time is up."""

import os
import subprocess
import time
from pathlib import Path

from groundwork.core.errors import DONE, INTERRUPTED
from groundwork.core.ranks import adopt_srun, is_first
from groundwork.core.run_folder import RunFolder, run_id
from groundwork.core.variables import SWEEP
from groundwork.launch.cli import enter

SECONDS_TO_APPEAR = 60.0  # that a folder which one node has made may take to be seen by another
TIME_IS_UP = (
    "SIGUSR1"  # what `--signal` sends; TERM, of scancel and pre-emption, ends the job or leaves it to Slurm
)


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
        from groundwork.launch.start import resume  # pandas: not on the machine that submits

        return resume(str(folder.path), [])

    status = enter(work)
    if status == INTERRUPTED and is_first() and folder.read_json("result").get("error") == TIME_IS_UP:
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
