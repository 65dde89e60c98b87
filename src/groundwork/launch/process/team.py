"""A run folder -> the ranks that train it on this machine, each a fresh process, watched until all have ended."""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from omegaconf import DictConfig

from groundwork.core.errors import DONE, INTERRUPTED, WRONG_INPUT, UserError
from groundwork.core.ranks import adopt_srun, is_echo, world_size
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import RENDEZVOUS
from groundwork.launch.process.child import Child, Stop, stop_on_signal
from groundwork.launch.process.gpu import visible_gpus

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_FOLLOW = 10.0  # that the others have to end by themselves after one has died
SECONDS_TO_SAVE = 300.0  # after a signal
LINES_OF_LOG = 30


def num_devices(trainer: DictConfig) -> int:
    """Count the processes that a run has on this machine.

    Raises:
        UserError: If `devices` is no such number, or there are fewer GPUs.
    """
    devices, gpus = trainer.devices, 0 if trainer.accelerator == "cpu" else len(visible_gpus())
    if devices == "auto":
        return max(1, gpus)
    if not isinstance(devices, int) or devices < 1:
        raise UserError(
            f"trainer.devices must be auto or a number of at least 1, but got {devices}. Change it."
        )
    if devices > 1 and devices > gpus and trainer.accelerator in ("gpu", "cuda"):
        raise UserError(
            f"trainer.devices={devices} must not exceed the {gpus} GPUs of this machine. Lower it."
        )
    return devices


def needs_team(config: DictConfig) -> bool:
    """Tell whether this process must start ranks, rather than being the only one or one of them.

    Raises:
        UserError: If the processes that srun or torchrun started are not those that the configuration wants.
    """
    adopt_srun()
    trainer = config.trainer
    nodes = trainer.get("num_nodes", 1)
    wanted: int = num_devices(trainer) * nodes
    if world_size() > 1 or "TORCHELASTIC_RUN_ID" in os.environ:
        if wanted != world_size() and not (trainer.devices == "auto" and wanted < world_size()):
            raise UserError(
                f"trainer.devices={trainer.devices} on trainer.num_nodes={nodes} must be the {world_size()} processes "
                f"that were started, but make {wanted}. Use trainer=ddp with these numbers."
            )
        return False
    if nodes > 1:
        raise UserError(
            f"trainer.num_nodes={nodes} must be started on every machine. Use cluster=slurm, srun or torchrun."
        )
    return wanted > 1


def run_team(folder: RunFolder, config: DictConfig) -> None:
    """Start the ranks of a run and wait for them; where one died, it is told which and why.

    Args:
        folder: Of the run; held by this process.
        config: Of the run; each rank reads it from the folder.

    Raises:
        SystemExit: With the status of the ranks, if it is not 0.
    """
    number = num_devices(config.trainer)
    with TemporaryDirectory() as meeting, stop_on_signal() as stop:
        shared = {RENDEZVOUS: (Path(meeting) / "ranks").as_uri()}
        shared |= {"WORLD_SIZE": str(number), "LOCAL_WORLD_SIZE": str(number), "NODE_RANK": "0"}
        children = [
            Child(
                "groundwork.launch.process.trial",
                [str(folder.path)],
                rank_log(folder, rank) if rank else None,
                shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(number)
        ]
        statuses = _wait(children, stop)
    status = max(statuses) if set(statuses) <= {DONE, INTERRUPTED} else _tell(folder, statuses)
    if status != DONE:
        raise SystemExit(status)


def rank_log(folder: RunFolder, rank: int) -> Path:
    """Name what a rank but the first printed."""
    return folder.path / f"rank-{rank}.log"


def _wait(children: list[Child], stop: Stop) -> list[int]:
    """Wait for all; where one fails or a signal comes, ask the others to end, then make them."""
    deadline, asked = float("inf"), False
    while True:
        statuses = [child.poll() for child in children]
        ended = [status for status in statuses if status is not None]
        if len(ended) == len(children):
            return ended
        failed = any(status not in (DONE, INTERRUPTED) for status in ended)
        if (failed or stop.asked) and not asked:
            asked = True
            deadline = time.monotonic() + (SECONDS_TO_FOLLOW if failed else SECONDS_TO_SAVE)
            for child in children:
                child.stop(stop.name)
        if failed:
            deadline = min(deadline, time.monotonic() + SECONDS_TO_FOLLOW)
        if time.monotonic() > deadline or stop.asked > 1:
            for child, status in zip(children, statuses, strict=True):
                if status is None:
                    child.kill()
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _tell(folder: RunFolder, statuses: list[int]) -> int:
    """Find the rank that died first, say what it said last, and write it down."""
    said = [_last_words(folder, rank) for rank in range(len(statuses))]

    def suspicion(rank: int) -> tuple[bool, bool, bool]:
        return statuses[rank] in (DONE, INTERRUPTED), statuses[rank] >= 0, is_echo(said[rank][-1])

    # Who was killed from outside, then who failed for a reason of its own; we ended the rest.
    culprit = min(range(len(statuses)), key=suspicion)
    status = statuses[culprit]
    error = f"rank {culprit}: " + (f"killed by signal {-status}" if status < 0 else said[culprit][-1])
    if culprit and status != WRONG_INPUT:
        print("\n".join(said[culprit]), file=sys.stderr)
    if culprit or status != WRONG_INPUT:  # which the first rank has said itself
        print(error, file=sys.stderr)
    result = folder.read_json("result")
    folder.write_json("result", {**result, "status": "failed", "error": error})
    return status if status > 0 else 1


def _last_words(folder: RunFolder, rank: int) -> list[str]:
    if rank == 0:
        return [str(folder.read_json("result").get("error") or "no word")]
    text = rank_log(folder, rank).read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()][-LINES_OF_LOG:] or ["no word"]
