"""What a W&B run begins with: what its variables say, those of a sweep's agent included, and what it must not send."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP

PROJECT = "groundwork"
OF_AGENT = ("WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH")
OF_RUN = ("id", "project", "entity", "name", "group", "job_type", "tags")  # what `wandb.init` takes of it


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


def private_settings(folder: RunFolder, sweep: str | None) -> dict[str, Any]:
    """Give the settings of a run that keeps to itself what this machine is, and where its folders lie."""
    return {
        "root_dir": str(folder.path),
        **({"sweep_id": sweep} if sweep else {}),
        "console": "off",  # what a run prints names its folders
        "disable_code": True,
        "disable_git": True,  # the address of a repository may hold a token
        "save_code": False,
        "symlink": False,
        "host": "",
        "program": "train.py",
        "x_disable_meta": True,  # user, host, command and folders
        "x_disable_machine_info": True,
        "x_save_requirements": False,
    }
