"""A lock is held by one process at a time, and goes with it."""

from pathlib import Path

import pytest

from groundwork.run.lock import BusyError, locked


def test_a_lock_that_is_held_is_refused_without_waiting(tmp_path: Path):
    path = tmp_path / "lock"
    with locked(path), pytest.raises(BusyError), locked(path, wait=False):
        pass
    with locked(path, wait=False):
        pass
