"""Run scripts in forks of one process that has imported what they need, which is half of a small command's time.

Reads a line of JSON for each command, {"words", "place", "errors"}, and answers with its exit status.
"""

import json
import os
import runpy
import signal
import sys
from pathlib import Path

import lightning.pytorch  # noqa: F401
import matplotlib.figure  # noqa: F401
import pandas  # noqa: F401
import sklearn.ensemble
import sklearn.linear_model  # noqa: F401
import timm  # noqa: F401
import torchmetrics  # noqa: F401
import torchvision  # noqa: F401

SECONDS = 900  # after which a command has failed


def serve() -> None:
    """Run each command that is asked for in a fork, which leaves by the exit of Python's own."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def run(words: list[str], place: str, errors: str) -> None:
    """Make this process what a shell would have started: a script with its words in a folder, its errors in a file."""
    signal.alarm(SECONDS)
    os.chdir(place)
    for stream, path in enumerate((os.devnull, os.devnull, errors)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), stream)
    sys.argv, sys.path[0] = words, str(Path(words[0]).parent)
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    serve()
