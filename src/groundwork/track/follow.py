"""The process beside a run: read its folder until the run ends, and hand what is new to the loggers."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any, Protocol

import pandas as pd
from hydra.utils import instantiate

from groundwork.core.bounded import read_yaml
from groundwork.core.run_folder import RunFolder
from groundwork.track.track import SERVICES

LOOK_EVERY = 2.0  # seconds
LAST_UPLOAD = 600.0  # seconds after the end of the run; then the tracker gives up


class Logger(Protocol):
    """Copy a run elsewhere. Every method may fail, and is then not called again."""

    def start(self, folder: RunFolder, config: dict[str, Any], say: Callable[[str], None], pid: int) -> None:
        """Begin, or go on with the run that the folder remembers."""

    def row(self, number: int, values: dict[str, Any]) -> None:
        """Take one row of history.csv, counted from 0."""

    def gradients(self, number: int, entry: dict[str, Any]) -> None:
        """Take one line of gradients.jsonl, counted from 0."""

    def finish(self, config: dict[str, Any], result: dict[str, Any]) -> None:
        """Take how the run ended, and end."""


def main(path: str, pid: str) -> int:
    """Follow a run folder until standard input ends."""
    folder, over = RunFolder(Path(path)), Event()
    Thread(target=_wait_for_end, args=(over,), daemon=True).start()
    config = _config(folder)
    chosen = [config["logger"][name] for name in SERVICES if name in config["logger"]]
    follower = Follower(folder, [instantiate(one) for one in chosen])
    follower.start(config, int(pid))
    while not over.wait(LOOK_EVERY):
        follower.look()
    follower.look()
    follower.finish()
    sys.stdout.flush()
    os._exit(0)  # what a logger left running must not keep the process


class Follower:
    """Hand what is new in a run folder to its loggers."""

    def __init__(self, folder: RunFolder, loggers: list[Logger]):
        self.folder, self.loggers = folder, loggers
        self.num_rows = self.num_gradients = 0

    def start(self, config: dict[str, Any], pid: int) -> None:
        """Begin with the configuration as it stands; `pid` is the process of the run."""
        self._tell("start", self.folder, config, say, pid)

    def look(self) -> None:
        """Read rows and gradients that were written since the last look."""
        for number, values in enumerate(_rows(self.folder.history)):
            if number >= self.num_rows:
                self.num_rows = number + 1
                self._tell("row", number, values)
        for number, line in enumerate(_lines(self.folder.gradients)):
            if number >= self.num_gradients:
                self.num_gradients = number + 1
                self._tell("gradients", number, json.loads(line))

    def finish(self) -> None:
        """Hand over how the run ended."""
        config, result = _config(self.folder), self.folder.read_json("result")
        self._tell("finish", config, result)

    def _tell(self, method: str, *arguments: Any) -> None:
        """Call a method of every logger; one that fails is told of once and left alone."""
        for logger in list(self.loggers):
            try:
                getattr(logger, method)(*arguments)
            except Exception as error:
                self.loggers.remove(logger)
                first = next(iter(str(error).splitlines()), "")
                name, kind = type(logger).__name__, type(error).__name__
                say(f"note: {name} stopped: {kind}: {first}; history.csv is complete")


def say(text: str) -> None:
    """Hand a line to the run, which prints it."""
    print(text, flush=True)


def _wait_for_end(over: Event) -> None:
    sys.stdin.read()
    over.set()
    give_up = Timer(LAST_UPLOAD, lambda: os._exit(1))
    give_up.daemon = True
    give_up.start()


def _config(folder: RunFolder) -> dict[str, Any]:
    return dict(read_yaml(folder.config_file))  # only to be shown: nothing is built from it here


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows = pd.read_csv(path, encoding="utf-8").to_dict("records")
    return [{str(name): value for name, value in row.items() if pd.notna(value)} for row in rows]


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    # The last line may be half written.
    return [
        line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")
    ]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
