"""Several processes that train one network together: who this one is, whose turn it is, and what the first one says.

They are started by `team.py` on one machine, by torchrun, or by srun; all three set the same variables.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from groundwork.core.errors import UserError
from groundwork.core.variables import RENDEZVOUS

# The first rank may decode and advise for hours while the others wait; who died is noticed by whoever started them.
PATIENCE = timedelta(hours=24)
# How the last line of a rank reads that only noticed the death of another.
ECHOES = ("Connection", "gloo", "NCCL", "Broken pipe", "stopped")
Value = TypeVar("Value")
_group: Any = None  # talks through the processors' network, also where gradients go by NCCL
_alone = False  # while the first rank computes what it then hands to all


def rank() -> int:
    """Number this process, from 0."""
    return int(os.environ.get("RANK", 0))


def local_rank() -> int:
    """Number this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", 0))


def world_size() -> int:
    """Count the processes that train together."""
    return 1 if _alone else int(os.environ.get("WORLD_SIZE", 1))


def local_world_size() -> int:
    """Count those of them on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", world_size()))


def is_first() -> bool:
    """Tell whether this process writes, and speaks to people."""
    return rank() == 0


def is_echo(error: str) -> bool:
    """Tell whether what ended a rank only says that another one is gone."""
    return any(word in error for word in ECHOES)


def in_team() -> bool:
    """Tell whether a process of this machine started this rank, and holds the run folder for it."""
    return RENDEZVOUS in os.environ


def join(accelerator: str) -> None:
    """Meet the other ranks, if there are any, whoever started them.

    Args:
        accelerator: "cpu" lets gradients go through the processors even where there are GPUs.
    """
    adopt_srun()
    if world_size() == 1 or _group is not None:
        return
    import torch

    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(local_rank())
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=os.environ.get(RENDEZVOUS, "env://"),
        rank=rank(),
        world_size=world_size(),
        timeout=PATIENCE,
    )
    globals()["_group"] = torch.distributed.new_group(backend="gloo", timeout=PATIENCE)


def leave() -> None:
    """Part from the other ranks."""
    if _group is not None:
        import torch

        barrier()
        torch.distributed.destroy_process_group()
        globals()["_group"] = None


def barrier() -> None:
    """Wait until every rank is here."""
    if _group is not None and not _alone:
        import torch

        torch.distributed.barrier(_group)


@contextmanager
def in_turns() -> Iterator[None]:
    """Run a block on the first rank, then on the first of each other machine, then on the rest.

    What the first one downloads, decodes or computes into a cache, the others find there.
    """
    turn = 0 if is_first() else 1 if local_rank() == 0 else 2
    for _ in range(turn):
        barrier()
    yield
    for _ in range(3 - turn):
        barrier()


def from_first(compute: Callable[[], Value]) -> Value:
    """Compute a value on the first rank alone and hand it to all."""
    if _group is None or _alone:
        return compute()
    import torch

    box: list[Any] = [None]
    if is_first():
        globals()["_alone"] = True
        try:
            box = [compute()]
        finally:
            globals()["_alone"] = False
    torch.distributed.broadcast_object_list(box, src=0, group=_group)
    value: Value = box[0]
    return value


def on_any(own: bool) -> bool:
    """Tell all ranks whether something is true on any of them."""
    if _group is None or _alone:
        return own
    import torch

    found: list[Any] = [None] * world_size()
    torch.distributed.all_gather_object(found, own, group=_group)
    return any(found)


def adopt_srun() -> None:
    """Take who this process is from srun, where it started several; torchrun and `team.py` have said it already.

    Raises:
        UserError: If the first machine's name cannot be found, for which torch would wait half an hour.
    """
    environ = os.environ
    if "RANK" in environ or int(environ.get("SLURM_STEP_NUM_TASKS", 1)) == 1:
        return
    nodes = environ.get("SLURM_STEP_NODELIST", environ["SLURM_NODELIST"])
    answer = subprocess.run(
        ["scontrol", "show", "hostnames", nodes], capture_output=True, text=True, check=True
    )
    first = answer.stdout.split()[0]
    try:
        socket.getaddrinfo(first, None)
    except OSError as error:
        raise UserError(
            f"the node name {first} must be one that every node can look up, but: {error}. Ask the administrators."
        ) from error
    size = int(environ["SLURM_STEP_NUM_TASKS"])
    environ["RANK"], environ["WORLD_SIZE"] = environ["SLURM_PROCID"], str(size)
    environ["LOCAL_RANK"], environ["NODE_RANK"] = environ["SLURM_LOCALID"], environ["SLURM_NODEID"]
    environ["LOCAL_WORLD_SIZE"] = str(size // int(environ["SLURM_STEP_NUM_NODES"]))
    environ["MASTER_ADDR"] = first
    # Of the job's own number, so that two jobs on one node do not meet.
    environ["MASTER_PORT"] = str(20_000 + int(environ["SLURM_JOB_ID"]) % 40_000)
