"""A lock is held by one process at a time, and goes with it."""

import os
from pathlib import Path

import pytest

from groundwork.core.lock import BusyError, locked


def test_a_lock_that_is_held_is_refused_without_waiting(tmp_path: Path):
    path = tmp_path / "lock"
    with locked(path), pytest.raises(BusyError), locked(path, wait=False):
        pass
    with locked(path, wait=False):
        pass


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="processes inherit nothing there")
def test_a_worker_that_inherited_the_file_does_not_keep_the_lock(tmp_path: Path):
    path = tmp_path / "lock"
    with locked(path):
        # As a forked worker has it: the same open file by another number.
        inherited = [os.dup(int(name.name)) for name in Path("/dev/fd").iterdir() if _is(name.name, path)]
    try:
        assert inherited
        with locked(path, wait=False):
            pass
    finally:
        for descriptor in inherited:
            os.close(descriptor)


def _is(descriptor: str, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(int(descriptor)), path.stat())
    except OSError:  # of the listing itself
        return False
