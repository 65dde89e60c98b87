"""TERM, INT and USR1 -> a run that ends where it can go on: inside training after the step, elsewhere at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

# What asks a run to stop. Windows has neither USR1 nor a TERM that arrives, but Ctrl-Break.
NAMES = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGBREAK")


class Stopped(BaseException):
    """Tell that a signal ended the run; no `except Exception` on the way may swallow it."""


class _State:
    """Hold what the handler tells the program: signals belong to the process, so there is one of it.

    Attributes:
        name: Of the first signal; None while there was none.
        waiting: How many blocks around the running code wait for the end of a step.
        passed_on: What the process that started this one was asked by, which interrupts this one as Ctrl-C does.
    """

    name: str | None = None
    waiting: int = 0
    passed_on: str | None = None


def pass_on(name: str) -> None:
    """Call the next signal by the name of the one that the process which started this one was asked by."""
    _State.passed_on = name


def requested() -> bool:
    """Tell whether a signal asked the run to stop."""
    return _State.name is not None


def asked_by() -> str | None:
    """Name the first signal that asked the run to stop."""
    return _State.name


def check() -> None:
    """End here if a signal asked for it.

    Raises:
        Stopped: With the name of the signal.
    """
    if _State.name is not None:
        raise Stopped(_State.name)


def end() -> NoReturn:
    """End here: this rank or another one, which may be the only one that the signal reached, was asked to.

    Raises:
        Stopped: With the name of the signal.
    """
    raise Stopped(_State.name or "another rank")


@contextmanager
def signals_caught() -> Iterator[None]:
    """End a block by `Stopped` on the first signal; a second Ctrl-C ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in _numbers()}
    _State.name, _State.waiting = None, 0
    handle()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def handle() -> None:
    """Take the signals over, also from Lightning, whose own handlers save in the middle of a step."""
    if threading.current_thread() is threading.main_thread():
        for number in _numbers():
            if not (number == signal.SIGINT and requested()):
                signal.signal(number, _remember)


@contextmanager
def waiting() -> Iterator[None]:
    """Let signals wait inside a block, which asks `requested` where it can stop."""
    _State.waiting += 1
    try:
        yield
    finally:
        _State.waiting -= 1


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


def _remember(number: int, _: FrameType | None) -> None:
    first = not requested()
    _State.name = _State.passed_on or signal.Signals(number).name
    if number == signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if first and _State.waiting:
        again = "; Ctrl-C again ends at once" if sys.stderr.isatty() else ""
        # Past Python's buffer, which the interrupted code may be in the middle of filling.
        os.write(2, f"{_State.name}: stopping after this step{again}\n".encode())
    elif first:
        raise Stopped(_State.name)
