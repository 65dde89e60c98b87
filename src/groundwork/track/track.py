"""A run folder -> copies of what it holds in W&B and TensorBoard, made by a process of their own beside the run.

A tracker that is slow, hangs or crashes can neither end nor slow the run; the run folder stays the truth.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import IO, Any

from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.run_folder import RunFolder

UPLOADS = ("metrics", "config", "curves", "photographs", "predictions", "splits", "checkpoints", "code")
MODES = ("auto", "online", "offline", "disabled")
SERVICES = ("tensorboard", "wandb")
WANDB_KEYS = {"_target_", "project", "entity", "mode"}


def check_logger(config: DictConfig) -> None:
    """Refuse what no logger can do.

    Raises:
        UserError: If `logger.upload` names what does not exist, or a package is absent.
    """
    logger = config.logger
    if unknown := [word for word in logger.upload if word not in UPLOADS]:
        raise UserError(
            f"logger.upload must name some of {', '.join(UPLOADS)}, but got {unknown[0]}. Remove it."
        )
    if "wandb" in logger and (extra := set(logger.wandb) - WANDB_KEYS):
        raise UserError(
            f"logger.wandb.{min(extra)} is not a key: the key of the account is read from WANDB_API_KEY or .netrc "
            f"alone. Remove it."
        )
    if "wandb" in logger:
        check_choice("logger.wandb.mode", logger.wandb.mode, MODES)
    for service in SERVICES:
        if service in logger and importlib.util.find_spec(service) is None:
            raise UserError(
                f"logger={service} must find the package {service}, but it is not installed. "
                f"Run: uv sync --extra {service}"
            )


@contextmanager
def tracked(folder: RunFolder, config: DictConfig, console: Console) -> Iterator[None]:
    """Let the loggers of a configuration follow the run folder while a block runs."""
    logger: Any = config.get("logger") or {}
    if not any(service in logger for service in SERVICES) or not _is_first_process():
        yield
        return
    try:
        tracker = _start(folder)
    except OSError as error:
        console.note(f"logger: could not start ({error}); the run goes on without")
        yield
        return
    listener = Thread(target=_listen, args=(tracker.stdout, console), daemon=True)
    listener.start()
    try:
        yield
    finally:
        _close(tracker, listener, console, logger.wait)


def _start(folder: RunFolder) -> "subprocess.Popen[str]":
    # A session of its own: Ctrl-C ends the run first, and the tracker when the run has said how it ended.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "groundwork.track.follow", str(folder.path), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    )


def _listen(lines: IO[str] | None, console: Console) -> None:
    for line in lines or ():
        console.say(line.rstrip())


def _close(tracker: "subprocess.Popen[str]", listener: Thread, console: Console, wait: float) -> None:
    assert tracker.stdin is not None
    try:
        tracker.stdin.close()  # how the tracker learns that the run has ended
        tracker.wait(wait)
    except OSError:
        pass
    except subprocess.TimeoutExpired:
        console.note("logger: the upload goes on without the run")
        return
    listener.join(1)
    if tracker.stdout is not None and not listener.is_alive():
        tracker.stdout.close()
    if tracker.returncode:
        console.note(f"logger: gave up with exit status {tracker.returncode}; history.csv is complete")


def _is_first_process() -> bool:
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
