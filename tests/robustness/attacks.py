"""Attack the readers of files that others send: `attacks.py`. Linux and macOS only.

Every attack must end in one line of error, and while it is under way this process must neither start another one, nor
connect, nor execute the attack's code, nor write, outside of the folder of runs. The judge is an audit hook, which
Python calls before each of these. Prints one line of figures.
"""

import os
import shutil
import signal
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import attack_code
import attack_places
import numpy as np
import pandas as pd
import torch

from groundwork.core.errors import user_error
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate import concluding as training
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

AFTER = ("measure_baselines", "write_report", "write_attention", "write_dependence", "draw_augmentation")
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen",
             "socket.connect", "socket.getaddrinfo", "ctypes.dlopen", "sqlite3.load_extension")  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
MARK = "ATTACK"
SECONDS = 120


class Judge:
    """Note what an attack does that reading a file must not do.

    Args:
        place: The only folder below which files may be written.
    """

    def __init__(self, place: Path):
        self.place, self.watching = place, False
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take one event from Python."""
        if not self.watching:
            return
        self.watching = False  # what the judge does itself is no event
        try:
            if event in FORBIDDEN or (event in ("compile", "exec") and self._is_theirs(arguments)):
                self.seen.append(f"{event} {arguments!r}"[:200])
            if event == "open" and self._writes_outside(*arguments):
                self.seen.append(f"open {arguments!r}"[:200])
        finally:
            self.watching = True

    def _is_theirs(self, arguments: tuple[Any, ...]) -> bool:
        code = arguments[0]
        text = repr(getattr(code, "co_consts", code))
        return MARK in text and "attack" not in str(getattr(code, "co_filename", ""))

    def _writes_outside(self, path: Any, mode: Any, flags: int) -> bool:
        if not isinstance(path, str | bytes | os.PathLike) or not (flags or 0) & WRITING:
            return False
        where = Path(os.fsdecode(path)).absolute()
        return where != Path(os.devnull) and not where.is_relative_to(self.place)


def main() -> int:
    for name in AFTER:  # slow, and no part of this
        setattr(training, name, lambda *_: {})
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary).resolve()
        whole, words = small_run(place)
        copies = iter(range(1000))

        def run() -> Path:
            return Path(shutil.copytree(whole, place / "sent" / str(next(copies))))

        os.chdir(place)
        (place / "files").mkdir()
        code = attack_code.attacks(run, place / "files", words)
        places = attack_places.attacks(run, place / "files")
        judge = Judge(place)
        failed = [line for attack in (*code, *places) if (line := attacked(judge, *attack))]
        if (place / MARK).exists():
            failed.append("an attack left its mark")
    print("\n".join(failed), file=sys.stderr)
    print(
        f"{len(code)} pickles, checkpoints and configurations and {len(places)} paths and sizes: "
        f"{len(code) + len(places) - len(failed)} of {len(code) + len(places)} refused in one line, no side effect"
    )
    return int(bool(failed))


def small_run(place: Path) -> tuple[Path, list[str]]:
    """Train one epoch on a small table."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=list("ab"))
    frame["y"] = np.where(frame.a > 0, "yes", "no")
    frame.to_csv(place / "table.csv", index=False)
    words = [
        "data=table", "data.target=y", "task=classification", "model=mlp", "trainer=cpu", "trainer.max_epochs=1",
        "transfer=none", "metrics.resamples=20", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
    ]  # fmt: skip
    with redirect_stdout(StringIO()):
        start(compose_run([*words, f"data.table={place / 'table.csv'}"]))
    return RunFolder.find("latest", place / "runs").path, words


def attacked(judge: Judge, name: str, act: Any) -> str:
    """Let one attack happen and say what is wrong with how it ended; "" where it was refused."""
    judge.seen.clear()
    said = StringIO()
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(SECONDS)
    try:
        with redirect_stdout(said), redirect_stderr(said):
            judge.watching = True
            act()
        wrong = "it was let in"
    except BaseException as error:
        told = user_error(error)  # as a command tells it
        wrong = f"{type(error).__name__}: {error}" if told is None else ""
        if told is not None and len(str(told).splitlines()) > 1:
            wrong = f"more than one line: {told}"
    finally:
        judge.watching = False
        signal.alarm(0)
    effects = "; ".join(judge.seen)
    return f"{name}: {wrong} {effects}" if wrong or effects else ""


def _hangs(*_: object) -> None:
    raise TimeoutError(f"not over after {SECONDS} s")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
