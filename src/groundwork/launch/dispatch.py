"""A composition -> a run here, a job in Slurm's queue, or the run that this very job began before."""

from collections.abc import Sequence

from groundwork.core.console import Console
from groundwork.core.errors import DONE
from groundwork.launch.config.compose import Composition
from groundwork.launch.saved import requeued_folder
from groundwork.launch.start import begin, resume
from groundwork.launch.sweep.queue_up import submit_again, submit_run


def start(composition: Composition) -> int:
    """Train a new run, or submit it, and return the exit status."""
    if composition.config.cluster.kind == "slurm":
        return submit_run(composition, Console())
    if (folder := requeued_folder(composition)) is not None:
        return resume(str(folder.path), [])
    begin(composition, Console())
    return DONE


def go_on(run: str, changes: Sequence[str]) -> int:
    """Go on with a run here, or by a job, and return the exit status."""
    return resume(run, changes, submit_again)
