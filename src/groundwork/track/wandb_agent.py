"""What W&B's variables say to a new process, those of a sweep's agent included."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP

PROJECT = "groundwork"
OF_AGENT = ("WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH")


def run_of_environment(folder: RunFolder, is_trial: bool) -> dict[str, Any]:
    """Say which W&B run a new run is: that of a sweep's agent, but for the trials of a multirun inside of it."""
    environ, path = os.environ, folder.path
    return {
        "step": 0,
        "reached": {},
        "id": (None if is_trial else environ.get("WANDB_RUN_ID")) or secrets.token_hex(4),
        "sweep": None if is_trial else environ.get("WANDB_SWEEP_ID"),
        "project": environ.get("WANDB_PROJECT") or PROJECT,
        "entity": environ.get("WANDB_ENTITY"),
        "name": environ.get("WANDB_NAME") or f"{path.parent.name}/{path.name}",
        "group": environ.get(SWEEP) or environ.get("WANDB_RUN_GROUP"),
        "job_type": "trial" if is_trial else "train",
        "tags": [*filter(None, (tag.strip() for tag in environ.get("WANDB_TAGS", "").split(",")))],
    }


@contextmanager
def without_agent(hide: bool) -> Iterator[None]:
    """Hide the run of a sweep's agent where this process works on another one."""
    hidden = {name: os.environ.pop(name) for name in OF_AGENT if hide and name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
