"""The cores that this process may use: its share of those that the system, a container or Slurm leaves to it."""

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from groundwork.core.ranks import local_world_size
from groundwork.core.variables import RENDEZVOUS, SHARES, THREADS

CGROUP = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
STAT = Path("/proc/stat")
LOOK = 0.1  # seconds, 10 ticks of each core
SPINS = "1000"  # turns that a waiting thread takes before it sleeps, where others need the core


def own_cores() -> int:
    """Count the cores for this process: those of the machine that it may use, divided among those that share them."""
    environ = os.environ
    cores, sharing = usable_cores(), int(environ.get(SHARES, 1))
    if (given := environ.get("SLURM_CPUS_PER_TASK")) and RENDEZVOUS not in environ:
        # Slurm says it of each task, and our ranks are its tasks.
        return max(1, min(cores, int(given)) // sharing)
    return max(1, cores // (_ranks() * sharing))


def usable_cores() -> int:
    """Count the cores that this process and its like may use: by affinity, quota and Slurm's word for their task."""
    affinity = getattr(os, "sched_getaffinity", None)
    found = [len(affinity(0)) if affinity else os.cpu_count() or 1]
    found += [max(1, math.ceil(quota)) for quota in _quotas(*CGROUP)]
    if RENDEZVOUS in os.environ and (given := os.environ.get("SLURM_CPUS_PER_TASK")):
        found.append(int(given))  # of the task that started the ranks of this machine
    return min(found)


class Moment(NamedTuple):
    """Note when it is, and how many seconds of all cores, and of this process, were computed until then."""

    wall: float
    everyone: float
    own: float


def moment() -> Moment:
    """Look at the clocks of the machine and of this process; a system without /proc/stat tells nothing of others."""
    try:
        # user, nice, system, then idle and waiting, then interrupts and what a host took
        ticks = [int(each) for each in STAT.read_text(encoding="ascii").split(maxsplit=9)[1:9]]
    except (OSError, ValueError):
        return Moment(time.monotonic(), 0.0, 0.0)
    everyone = sum(ticks[:3]) + sum(ticks[5:8])
    user, system, *children = os.times()[:4]  # processes that compiled for this one are its own
    return Moment(time.monotonic(), everyone / os.sysconf("SC_CLK_TCK"), user + system + sum(children))


def is_crowded(since: Moment) -> bool:
    """Tell whether others computed so much since a moment that some core was missing for a thread of this process.

    The system's load average would count this user's last command, too, for a minute after its end.
    """
    now = moment()
    others = (now.everyone - since.everyone - (now.own - since.own)) / max(now.wall - since.wall, 1e-3)
    return others + own_cores() > (os.cpu_count() or 1) + 0.5


BEGAN = moment()  # of this process, whose imports are time to look in


def is_busy() -> bool:
    """Tell whether others compute on this machine, so that it has no core for each thread of this process."""
    time.sleep(max(0.0, LOOK - (time.monotonic() - BEGAN.wall)))
    return is_crowded(BEGAN)


def settle_threads() -> None:
    """Say how many threads this process gets and how long they spin, before torch is imported and reads it once.

    What the user has set stays.
    """
    environ = os.environ
    if "OMP_NUM_THREADS" not in environ or environ["OMP_NUM_THREADS"] == environ.get(THREADS):
        environ["OMP_NUM_THREADS"] = environ[THREADS] = str(own_cores())
    # Threads spin at barriers; where one of them has lost its core, the others burn theirs: up to 50 times slower.
    if "GOMP_SPINCOUNT" not in environ and "OMP_WAIT_POLICY" not in environ and is_busy():
        environ["GOMP_SPINCOUNT"] = SPINS


def _ranks() -> int:
    """Count the ranks on this machine; srun's are not adopted yet when a command starts."""
    if "LOCAL_WORLD_SIZE" in os.environ or "SLURM_STEP_TASKS_PER_NODE" not in os.environ:
        return local_world_size()
    return int(os.environ["SLURM_STEP_TASKS_PER_NODE"].partition("(")[0].partition(",")[0])


def _quotas(groups: Path, mounted: Path) -> Iterator[float]:
    """Give the quota, in cores, of each control group that this process is in, outer ones too (versions 1 and 2)."""
    try:
        lines = groups.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mounted / controllers if controllers else mounted
        inner = root / path.strip("/")
        for folder in {root, inner, *(each for each in inner.parents if each.is_relative_to(root))}:
            try:
                if controllers:
                    quota, period = (
                        (folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
                    )
                else:
                    quota, period = (folder / "cpu.max").read_text().split()
            except (OSError, ValueError):
                continue
            if quota.strip() not in ("max", "-1"):
                yield int(quota) / int(period)
