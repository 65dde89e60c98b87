"""timm without what only its own training script needs; every other module of this room comes after this one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let a module that is not imported yet look absent to what a block imports."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what Python raises ImportError for
    try:
        yield
    finally:
        del sys.modules[name]


with hidden("wandb"):  # half a second of each start; a logger imports it by itself
    import timm  # noqa: F401
