"""A lock that the system lets go of when its process dies, so that none is ever stale."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, EDEADLK, ENOLCK, ENOSYS, ENOTSUP
from pathlib import Path

if sys.platform == "win32":
    from msvcrt import LK_LOCK, LK_NBLCK, LK_UNLCK, locking
else:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock


class BusyError(Exception):
    """Tell that another process holds the lock."""


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold a lock while a block runs.

    Args:
        path: Of the lock's own file, which is made and stays.
        wait: Until another process lets go of it.

    Raises:
        BusyError: If another process holds it and `wait` is False.
    """
    with path.open("a+b") as file:
        _acquire(file.fileno(), wait)
        try:
            yield
        finally:
            if sys.platform == "win32":
                file.seek(0)
                locking(file.fileno(), LK_UNLCK, 1)
            else:
                # Worker processes were forked with the file open, and would hold on to the lock.
                with suppress(OSError):  # where nothing was locked
                    flock(file.fileno(), LOCK_UN)


def _acquire(descriptor: int, wait: bool) -> None:
    if sys.platform == "win32":
        while True:
            try:
                os.lseek(descriptor, 0, os.SEEK_SET)
                return locking(descriptor, LK_LOCK if wait else LK_NBLCK, 1)
            except OSError as error:  # waiting gives up after ten seconds; the holder may need longer
                if not wait and error.errno == EACCES:
                    raise BusyError from error
                if error.errno != EDEADLK:
                    raise
    try:
        flock(descriptor, LOCK_EX if wait else LOCK_EX | LOCK_NB)
    except OSError as error:
        if error.errno in {EAGAIN, EACCES}:
            raise BusyError from error
        # Some network file systems lock nothing; one write in append mode is the best that they offer.
        if error.errno not in {ENOLCK, ENOSYS, ENOTSUP}:
            raise
