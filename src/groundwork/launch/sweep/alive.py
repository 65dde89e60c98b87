"""Which jobs Slurm's queue holds, and why those that wait do not run yet."""

import os
import subprocess
import time
from collections.abc import Iterable, Mapping

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.text import shortlist
from groundwork.launch.sweep.partition import ABSENT

SECONDS_BETWEEN_LOOKS = 5.0
LOOKS = 2  # that must not find a job before it is over: a requeued one may be out of sight for a moment
# What Slurm's reasons mean (https://slurm.schedmd.com/job_reason_codes.html); the others are given as they are.
MEANINGS = {
    "Resources": "the nodes that it needs are busy",
    "Priority": "other jobs come first",
    "BeginTime": "it was queued again a moment ago",
    "JobArrayTaskLimit": "cluster.jobs of the array run at a time",
    "ReqNodeNotAvail": "nodes are down or reserved",
    "BadConstraints": "no node is as cluster.extra asks, so that it never starts",
    "PartitionDown": "the partition takes no jobs now",
    "PartitionInactive": "the partition takes no jobs now",
    "PartitionTimeLimit": "cluster.time is above the partition's limit, so that it never starts",
    "PartitionNodeLimit": "cluster.nodes is above the partition's limit, so that it never starts",
    "DependencyNeverSatisfied": "what it depends on failed, so that it never starts",
    "JobHeldUser": "it is held; scontrol release starts it",
    "JobHeldAdmin": "an administrator holds it",
}


def jobs_alive() -> dict[str, str]:
    """List this user's jobs that wait, run or are about to be queued again.

    Returns:
        Job -> Slurm's reason for its waiting; "None" where it runs.

    Raises:
        UserError: If Slurm does not answer.
    """
    command = ["squeue", "-h", "-r", "-u", str(os.getuid()), "-o", "%i %r"]
    for _ in range(LOOKS):
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except FileNotFoundError as error:
            raise UserError(ABSENT.format("squeue")) from error
        except subprocess.TimeoutExpired:
            continue
        if answer.returncode == 0:
            lines = (line.partition(" ") for line in answer.stdout.splitlines() if line.strip())
            return {job: reason.strip() for job, _, reason in lines}
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise UserError(
        f"cluster=slurm must be answered by squeue, but: {answer.stderr.strip()}. Try again later."
    )


class Waiting:
    """Say why jobs wait, each time that it changes.

    Args:
        console: Where to speak.
    """

    def __init__(self, console: Console):
        self.console = console
        self.said: dict[str, str] = {}

    def tell(self, alive: Mapping[str, str], jobs: Iterable[str]) -> None:
        """Say what is new.

        Args:
            alive: See `jobs_alive`.
            jobs: Those of interest.
        """
        now = {job: alive[job] for job in jobs if alive.get(job, "None") not in ("None", "(null)")}
        for reason in sorted(set(now.values())):
            fresh = [job for job, why in now.items() if why == reason and self.said.get(job) != reason]
            if fresh:
                meaning = MEANINGS.get(reason.partition(",")[0])
                self.console.note(
                    f"waiting: {shortlist(fresh, 3)} ({reason}{f': {meaning}' if meaning else ''})"
                )
        self.said = now
