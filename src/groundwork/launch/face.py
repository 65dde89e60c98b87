"""The function of a script -> the way of every run: single, sweep, rank, job, search, `run=`, `fit`."""

import importlib.util
import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn

from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.launch.cli import enter

Face = Callable[[DictConfig], float | None]
SCRIPT = "GROUNDWORK_SCRIPT"  # names the file of the function to the processes that a command starts
_faces: dict[Path, Face] = {}


def main(function: Face) -> Callable[[], NoReturn]:
    """Make a function of a configuration a command, with errors in one line and exit statuses.

    The function is called for each run that the command leads to, in whatever process, and returns the monitored value.
    """
    script = Path(inspect.getfile(function)).resolve()
    _faces[script] = function

    @wraps(function)
    def command() -> NoReturn:
        from groundwork.launch.commands import train

        os.environ[SCRIPT] = str(script)
        raise SystemExit(enter(train))

    return command


def load_face() -> Face:
    """Find the function: that of the command which started this process, else that of scripts/train.py."""
    script = Path(os.environ.get(SCRIPT) or CONF.parent / "scripts" / "train.py").resolve()
    if script not in _faces:
        spec = importlib.util.spec_from_file_location(f"{script.stem}_script", script)
        if spec is None or spec.loader is None or not script.is_file():
            raise UserError(f"{script} must be the script that trains, but is no such file. Restore it.")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if script not in _faces:
        raise UserError(f"{script} must have a function with @main, but has none. Restore it.")
    return _faces[script]
