"""Processes that decode batches ahead: one pool for all splits and epochs of a run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, multiprocessing

AHEAD = 2  # batches that each worker is ahead
SECONDS_BETWEEN_LOOKS = 2.0

Read = Callable[[NDArray[np.int64]], Tensor]
_read: Read | None = None  # in a worker: what it was started with


class Workers:
    """Read batches in processes that stay, whatever asks for them: a validation inside of an epoch does so, too.

    Tensors come back through shared memory.

    Args:
        read: Rows -> one batch.
        number: Of processes.
    """

    def __init__(self, read: Read, number: int):
        self.number = number
        context = multiprocessing.get_context()
        self._pool = ProcessPoolExecutor(number, context, _begin, (read,))

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Tensor]:
        """Give one batch after the other; the workers are a few of them ahead.

        Raises:
            RuntimeError: If a worker died.
        """
        left = iter(rows)
        waiting: deque[Future[Tensor]] = deque()
        try:
            waiting.extend(self._pool.submit(_work, each) for each in islice(left, AHEAD * self.number))
            while waiting:
                batch = waiting.popleft().result()
                waiting.extend(self._pool.submit(_work, each) for each in islice(left, 1))
                yield batch
        finally:
            for each in waiting:
                each.cancel()


def _begin(read: Read) -> None:
    """Settle a worker: one thread, signals left to the process that trains, and an end when that one dies."""
    global _read
    _read = read
    torch.set_num_threads(1)
    _outlive_signals()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _work(rows: NDArray[np.int64]) -> Tensor:
    assert _read is not None
    return _read(rows)


def _outlive_signals(*_: Any) -> None:
    """Let the process that trains end first: it needs its workers until its step is done.

    A second TERM ends a worker that hangs.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: signal.signal(number, signal.SIG_DFL))


def _end_with_parent(forked_by: int) -> None:
    """Look after two processes: from Python 3.14 on the one that forked this one is not the one that trains."""
    parent = multiprocessing.parent_process()
    while os.getppid() == forked_by and parent is not None and parent.is_alive():
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)
