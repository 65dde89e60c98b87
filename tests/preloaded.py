"""Commands as processes of their own, forked from one that has imported what all of them import."""

import contextlib
import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

# Of the ten seconds of a small command, seven are imports.
PRELOADED = ["torch", "lightning.pytorch", "timm", "torchmetrics", "pandas", "sklearn.ensemble", "scipy.stats",
             "matplotlib.figure", "groundwork.train", "groundwork.evaluate", "groundwork.report"]  # fmt: skip
LIMIT = 600.0  # seconds


class Ended(NamedTuple):
    """Hold what a command left: its exit status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def call(script: Path, words: list[str], place: Path) -> Ended:
    """Run a script as `python script words` does, standing in a folder."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        process = context.Process(target=_work, args=(script, words, place, dict(os.environ), out, err))
        process.start()
        process.join(LIMIT)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Ended(
            1 if process.exitcode is None else process.exitcode,
            *(path.read_text(encoding="utf-8", errors="replace") for path in (out, err)),
        )


def _work(
    script: Path, words: list[str], place: Path, environment: dict[str, str], out: Path, err: Path
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = [str(script), *words]
    sys.path[0] = str(script.parent)
    with contextlib.suppress(BrokenPipeError):
        runpy.run_path(str(script), run_name="__main__")
