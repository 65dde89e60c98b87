"""The function of a script -> the way of every run: single, sweep, rank, job, search, `run=`, `fit`."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF

Face = Callable[[DictConfig], float | None]
SCRIPT = "GROUNDWORK_SCRIPT"  # names the file of the function to the processes that a command starts
faces: dict[Path, Face] = {}


def script_module(script: Path) -> str:
    """Name the module that a script is where it is not `__main__`."""
    return f"{script.stem}_script"


def load_face() -> Face:
    """Find the function: that of the command which started this process, else that of scripts/train.py.

    Raises:
        UserError: If the script is not there, or has no such function.
    """
    script = Path(os.environ.get(SCRIPT) or CONF.parent / "scripts" / "train.py").resolve()
    if script not in faces:
        spec = importlib.util.spec_from_file_location(script_module(script), script)
        if spec is None or spec.loader is None or not script.is_file():
            raise UserError(f"{script} must be the script that trains, but is no such file. Restore it.")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if script not in faces:
        raise UserError(f"{script} must have a function with @main, but has none. Restore it.")
    return faces[script]
