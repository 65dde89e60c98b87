"""What several runs of one process share: data that is read, split and measured once."""

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf

T = TypeVar("T")
DATA = ("data", "missing", "subset", "split", "normalize", "task", "paths")  # what `prepare` reads
# Results kept; what was not used for longest goes, so that a search over the data itself does not fill the memory.
MOST = 16
_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Let the runs of a block share what `once` computes."""
    before = _known.set({})
    try:
        yield
    finally:
        _known.reset(before)


def once(key: Hashable, compute: Callable[[], T]) -> T:
    """Compute, or take what an earlier run of this process computed under the same key; alone, always compute."""
    known = _known.get()
    if known is None:
        return compute()
    if key not in known:
        while len(known) >= MOST:
            del known[next(iter(known))]
        known[key] = compute()
    known[key] = known.pop(key)  # what is used stays
    found: T = known[key]
    return found


def data_key(config: DictConfig) -> str:
    """Name the data of a run: two configurations with the same key read, split and encode alike."""
    content: Any = OmegaConf.to_container(config, resolve=True)
    return json.dumps({name: content[name] for name in DATA}, sort_keys=True, default=str)
