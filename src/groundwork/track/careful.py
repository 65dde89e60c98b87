"""Calls of a logger -> made, or given up for good with one note, so that no logger ends a run."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any


class Careful:
    """Make calls that may fail; after the first failure no further one is made.

    Args:
        name: Of the logger, for the note.
        say: Prints a line.
    """

    def __init__(self, name: str, say: Callable[[str], None]):
        self.name, self.say, self.failed = name, say, False

    def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Give what the call gives; None if it fails or an earlier one did."""
        if self.failed:
            return None
        try:
            return call(*arguments)
        except Exception as error:
            self.failed = True
            first = next(iter(str(error).splitlines()), "")
            files = "history.csv and steps.csv are complete"
            self.say(f"note: {self.name} stopped: {type(error).__name__}: {first}; {files}")
            return None


class Beside:
    """Make calls in order on a thread of their own, so that one that hangs holds nobody up."""

    def __init__(self, careful: Careful):
        self.careful = careful
        self._calls: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._num_done = 0
        self._thread: Thread | None = None

    def put(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Leave a call to the thread."""
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()
        if not self.careful.failed:
            self._calls.put((call, arguments))

    def end(self, seconds: float) -> bool:
        """Wait until all calls are made, but no longer than `seconds` for any single one; tell whether they are."""
        if self._thread is None:
            return True
        self._calls.put(None)
        done, since = self._num_done, monotonic()
        while self._thread.is_alive():
            self._thread.join(0.05)
            if self._num_done != done:
                done, since = self._num_done, monotonic()
            elif monotonic() - since > seconds:
                return False
        return True

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            self.careful(item[0], *item[1])
            self._num_done += 1
