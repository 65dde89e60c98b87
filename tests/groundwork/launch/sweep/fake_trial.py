"""A trial that takes no time: the seed says how it ends. Each beginning and each end is written down."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.core.run_folder import RunFolder
from groundwork.launch.cli import enter
from groundwork.launch.process.child import watch_parent


def run(words: list[str]) -> int:
    watch_parent()
    folder = RunFolder(Path(words[0]))
    seed = folder.config.seed
    with locked(folder.lock):
        if folder.read_json("result.json").get("status") == "done":
            return 0
        if seed == 95:
            raise KeyboardInterrupt("a signal")
        time.sleep(0.3)
        with (folder.path / "ended.txt").open("a", encoding="utf-8") as file:
            file.write("ended\n")
        if seed in (96, 97):
            raise UserError(f"seed={seed} must be another. Change it.")
        if seed == 91:
            raise ValueError("optim.lr is negative")
        if seed == 92:
            raise FloatingPointError("the loss is nan")
        if seed == 93:
            sys.exit(3)
        if seed == 94:
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == 90:
            sys.exit(0)
        # Without waiting for the disk: a kill between end and result would let it end twice.
        result = {"status": "done", "monitor": "rmse", "val": {"rmse": seed / 2}}
        (folder.path / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(enter(run))
