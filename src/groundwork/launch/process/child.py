"""Fresh Python processes that end with the one that started them, on every system."""

import os
import signal
import subprocess
import sys
import threading
from _thread import interrupt_main
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

from groundwork.core.admitted import handed_on
from groundwork.core.signals import pass_on
from groundwork.core.variables import SHARES


class Child:
    """Start a module of this project in a process of its own, with this very interpreter.

    The child holds one end of a pipe. Where the other end closes, because `stop` is called or this process dies,
    the child is interrupted as by Ctrl-C; the keyboard's own Ctrl-C reaches this process alone.

    Args:
        module: To run as `python -m`; it calls `watch_parent` first.
        arguments: Its arguments.
        log: File to which its output is added; None shares this process's terminal.
        environment: Variables to set beside those of this process.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], log: Path | None, environment: Mapping[str, str]
    ):
        self._log: IO[bytes] | None = None if log is None else log.open("ab")
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-u",
                "-P",
                "-m",
                module,
                *arguments,
            ],  # -P: no module that lies where the user stands
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log if self._log is None else subprocess.STDOUT,
            env={**os.environ, **handed_on(), **environment},
            **apart,
        )

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while the child runs."""
        status = self.process.poll()
        if status is not None:
            self.stop()
            if self._log is not None:
                self._log.close()
        return status

    def stop(self, signal_name: str | None = None) -> None:
        """Ask the child to save and end.

        Args:
            signal_name: Of what this process was asked by; the child says so, too.
        """
        if self.process.stdin is not None and not self.process.stdin.closed:
            with suppress(OSError):  # it has ended
                if signal_name:
                    self.process.stdin.write(signal_name.encode())
                self.process.stdin.close()

    def kill(self) -> None:
        """End the child at once."""
        self.process.kill()


def watch_parent() -> None:
    """Interrupt this process, as Ctrl-C does, when the one that started it closes the pipe or dies."""
    threading.Thread(target=_wait_for_end, args=(os.dup(0),), daemon=True).start()


def _wait_for_end(pipe: int) -> None:
    said = b""
    while part := os.read(pipe, 64):
        said += part
    if said:
        pass_on(said.decode())
    if sys.platform == "win32":
        interrupt_main()
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # also wakes what sleeps


def share_cores(processes: int) -> dict[str, str]:
    """Divide the cores of this process among some that it starts."""
    return {SHARES: str(int(os.environ.get(SHARES, 1)) * processes)}


class Stop:
    """Remember that a signal asked to stop."""

    def __init__(self) -> None:
        self.asked = 0
        self.name: str | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Count the signal, and keep the name of the first; a second one means at once."""
        self.asked += 1
        self.name = self.name or signal.Signals(number).name


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """Turn Ctrl-C and the signals of schedulers into a flag while a block runs."""
    stop = Stop()
    names = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
