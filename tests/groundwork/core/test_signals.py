"""Signals end a block at once, or wait for it to ask."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.core.signals import Stopped, check, requested, signals_caught, waiting

KINDS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGUSR1") if hasattr(signal, name)]


def send(kind: signal.Signals) -> None:
    os.kill(os.getpid(), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_signal_ends_the_block_and_the_handlers_come_back(kind: signal.Signals):
    before = [signal.getsignal(each) for each in KINDS]
    with pytest.raises(Stopped, match=kind.name), signals_caught():
        send(kind)
    assert [signal.getsignal(each) for each in KINDS] == before


@pytest.mark.parametrize("kind", KINDS)
def test_inside_a_step_it_waits(kind: signal.Signals):
    with signals_caught():
        with waiting():
            send(kind)
            assert requested()
        with pytest.raises(Stopped, match=kind.name):
            check()


def test_a_signal_of_an_earlier_block_is_forgotten():
    with pytest.raises(Stopped), signals_caught():
        send(signal.SIGTERM)
    with signals_caught():
        assert not requested()
        check()


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
def test_a_second_interrupt_ends_the_process_at_once():
    script = (
        "import os, signal\nfrom groundwork.core.signals import signals_caught, waiting\n"
        "with signals_caught(), waiting():\n    for _ in range(2): os.kill(os.getpid(), signal.SIGINT)\n    print('on')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path.cwd())
    assert done.returncode == -signal.SIGINT
    assert "SIGINT: stopping after this step" in done.stderr
    assert "on" not in done.stdout
