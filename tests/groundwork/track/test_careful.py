"""Calls that fail or hang: one note, and nobody waits."""

from threading import Event
from time import monotonic

from groundwork.track.careful import Beside, Careful


def fail() -> None:
    raise ConnectionError("gone\nfor good")


def test_after_the_first_failure_no_call_is_made():
    said: list[str] = []
    careful = Careful("Some", said.append)
    assert careful(lambda: 3) == 3
    careful(fail)
    assert careful(lambda: 3) is None
    assert said == ["note: Some stopped: ConnectionError: gone; history.csv and steps.csv are complete"]


def test_calls_beside_are_made_in_order():
    seen: list[int] = []
    beside = Beside(Careful("Some", print))
    for number in range(5):
        beside.put(seen.append, number)
    assert beside.end(5)
    assert seen == [0, 1, 2, 3, 4]


def test_a_call_that_hangs_holds_nobody_up():
    beside, release = Beside(Careful("Some", print)), Event()
    beside.put(release.wait)
    began = monotonic()
    assert not beside.end(0.2)
    assert monotonic() - began < 2
    release.set()
    assert beside._thread is not None
    beside._thread.join()


def test_without_calls_there_is_nothing_to_wait_for():
    assert Beside(Careful("Some", print)).end(0)
