"""A function of a configuration -> the command `train.py`, with errors in one line and exit statuses."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn

from groundwork.launch.cli import enter
from groundwork.launch.commands import train
from groundwork.launch.face import SCRIPT, Face, faces


def main(function: Face) -> Callable[[], NoReturn]:
    """Make a function of a configuration a command.

    The function is called for each run that the command leads to, in whatever process, and returns the monitored value.
    """
    script = Path(inspect.getfile(function)).resolve()
    faces[script] = function

    @wraps(function)
    def command() -> NoReturn:
        os.environ[SCRIPT] = str(script)
        raise SystemExit(enter(train))

    return command
