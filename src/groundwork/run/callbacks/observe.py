"""Someone who watches a run from outside and may end it early: a search that prunes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Observer = Callable[[int, float], bool]
_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


class Pruned(Exception):  # noqa: N818 - nothing went wrong
    """Tell that a search ended a run early."""


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let an observer watch the runs of a block.

    Args:
        observer: (Number of the validation from 1, monitored value) -> whether the run shall end.
    """
    before = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(before)


def observer() -> Observer | None:
    """Return who watches; None where nobody does."""
    return _observer.get()
