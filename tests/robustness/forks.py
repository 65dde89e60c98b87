"""Work in forked processes, one per rank, that end at a chosen moment: killed, inside a save, or told to stop."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from groundwork.core import atomic as whole
from groundwork.core.errors import UserError
from groundwork.core.ranks import RENDEZVOUS
from groundwork.task.base import Task
from groundwork.train.checkpoint import checkpoint

KILLED, STOPPED = -signal.SIGKILL, 75
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SECONDS_TO_FOLLOW = 120.0


@dataclass(frozen=True)
class Moment:
    """Say when a process ends.

    Attributes:
        kind: "time" kills every rank, "save" the one that writes and then the others, "signal" tells one to stop.
        number: Seconds, number of the checkpoint, or number of the training batch.
        share: Of the checkpoint's bytes that are written; above 0.8 all and not yet moved, above 0.9 moved.
    """

    kind: Literal["time", "save", "signal"]
    number: float
    share: float = 0.0


def work_in_forks(
    act: Callable[[], object], moment: Moment | None, ranks: int, draw: random.Random, said: Path
) -> int:
    """Do something on every rank, each in a forked process.

    Args:
        said: File that gets what the processes print.

    Returns:
        KILLED, STOPPED or 0.

    Raises:
        RuntimeError: If a rank failed by itself.
    """
    chosen, meeting = draw.randrange(ranks), said.with_name(f"meeting-{time.monotonic_ns()}")
    children = []
    for rank in range(ranks):
        process = os.fork()
        if process == 0:
            _work(act, moment, rank, ranks, rank == chosen, meeting, said)
        children.append(process)
    if moment is not None and moment.kind == "time":
        time.sleep(moment.number)
        for process in children:
            os.kill(process, signal.SIGKILL)
    return _wait(children)


def _wait(children: list[int]) -> int:
    """Wait for all; where one was killed, kill the others, as a scheduler does."""
    left, ended, deadline = set(children), [], float("inf")
    while left:
        for process in list(left):
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                left.remove(process)
                ended.append(os.waitstatus_to_exitcode(status))
                deadline = min(deadline, time.monotonic() + SECONDS_TO_FOLLOW)
        if KILLED in ended or time.monotonic() > deadline:
            for process in left:
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)
    if KILLED in ended:
        return KILLED
    if len(set(ended)) > 1 or ended[0] not in (0, STOPPED):
        raise RuntimeError(f"ranks ended with status {ended}")
    return ended[0]


def _work(
    act: Callable[[], object],
    moment: Moment | None,
    rank: int,
    ranks: int,
    chosen: bool,
    meeting: Path,
    said: Path,
) -> None:
    status = 1
    try:
        if ranks > 1:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "NODE_RANK": "0"}
            os.environ |= {"WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks)}
            os.environ[RENDEZVOUS] = meeting.as_uri()
        if moment is not None and moment.kind == "save":
            kill_in_save(int(moment.number), moment.share)
        if moment is not None and moment.kind == "signal" and chosen:
            signal_in_step(int(moment.number))
        with said.open("a", encoding="utf-8") as file, redirect_stdout(file):
            act()
        status = 0
    except KeyboardInterrupt:
        status = STOPPED
    except (UserError, Exception) as error:
        print(f"rank {rank}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def kill_in_save(number: int, share: float) -> None:
    """Make the n-th checkpoint from now end this process: inside its bytes, before the move, or after it."""
    left, write = [number], whole.write_bytes

    def torn(path: Path, content: Any) -> None:
        left[0] -= path.suffix == ".ckpt"
        if left[0] or path.suffix != ".ckpt":
            return write(path, content)
        if share > 0.9:
            write(path, content)
        else:
            size = len(content) if share > 0.8 else int(len(content) * share / 0.8)
            path.with_name(f".{path.name}.torn{whole.TEMPORARY}").write_bytes(bytes(content)[:size])
        return os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.write_bytes = torn


def signal_in_step(number: int) -> None:
    """Send this process a signal in the middle of the n-th training batch from now."""
    left, step = [number], Task.training_step

    def interrupted(self: Task, batch: Any, batch_idx: int) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), SIGNALS[number % len(SIGNALS)])
        return step(self, batch, batch_idx)

    Task.training_step = interrupted  # type: ignore[method-assign]


def count_writes(record: Path) -> None:
    """Keep the number of checkpoints written so far in a file."""
    count, write = [0], whole.write_bytes

    def counted(path: Path, content: Any) -> None:
        write(path, content)
        count[0] += path.suffix == ".ckpt"
        record.write_text(str(count[0]), encoding="utf-8")

    checkpoint.write_bytes = counted
