"""A search that watches a run from outside and may end it early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Pruner = Callable[[int, float], bool]
_pruner: ContextVar[Pruner | None] = ContextVar("pruner", default=None)


class Pruned(Exception):  # noqa: N818 - nothing went wrong
    """Tell that a search ended a run early."""


@contextmanager
def pruned_by(pruner: Pruner) -> Iterator[None]:
    """Let a pruner watch the runs of a block.

    Args:
        pruner: (Number of the validation from 1, monitored value) -> whether the run shall end.
    """
    before = _pruner.set(pruner)
    try:
        yield
    finally:
        _pruner.reset(before)


def current_pruner() -> Pruner | None:
    """Return the pruner that watches; None where none does."""
    return _pruner.get()
