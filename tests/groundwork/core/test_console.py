"""What a run says where nobody watches a bar."""

import io
import time
from pathlib import Path

import pytest
from rich.console import Console as RichConsole

from groundwork.core.console import Console


def speaking(terminal: bool = False, quiet: bool = False) -> tuple[Console, io.StringIO]:
    console, written = Console(quiet=quiet), io.StringIO()
    console.rich = RichConsole(file=written, force_terminal=terminal, quiet=quiet, soft_wrap=True)
    return console, written


def test_a_file_gets_a_line_a_minute_and_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    console, written = speaking()
    console.log_to(tmp_path / "train.log")
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with console.progress("training", "steps") as bar:
        for step in range(5000, 6001):  # of a training that goes on
            bar(step, 9000)
            clock[0] += 0.25
            if step == 5500:
                bar.describe("training, val rmse 0.5")
    assert written.getvalue().splitlines() == [
        "training: 5,240 of 9,000 steps, about 16 min left",
        "training: 5,480 of 9,000 steps, about 15 min left",
        "training, val rmse 0.5: 5,720 of 9,000 steps, about 14 min left",
        "training, val rmse 0.5: 5,960 of 9,000 steps, about 13 min left",
    ]
    assert "val rmse 0.5: 5,960 of 9,000" in (tmp_path / "train.log").read_text(encoding="utf-8")


def test_what_has_no_length_is_counted_and_what_is_short_says_nothing(monkeypatch: pytest.MonkeyPatch):
    console, written = speaking()
    with console.progress("counting") as bar:
        bar(1, 2)
        bar(2, 2)
    assert written.getvalue() == ""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with console.progress("training", "steps") as bar:
        clock[0] = 61.0
        bar.move(70, None)
        clock[0] = 130.0
        bar.move(99, 100)
        clock[0] = 191.0
        bar.move(100, 100)
    assert written.getvalue().splitlines() == [
        "training: 70 steps",
        "training: 99 of 100 steps, less than 1 min left",
        "training: 100 of 100 steps",
    ]


def test_a_quiet_console_keeps_it_for_the_log(monkeypatch: pytest.MonkeyPatch):
    console, written = speaking(quiet=True)
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with console.progress("training") as bar:
        clock[0] = 61.0
        bar(1, 3)
    assert written.getvalue() == ""


def test_a_terminal_keeps_its_bar():
    console, written = speaking(terminal=True)
    with console.progress("training", "steps") as bar:
        bar(1, 3)
        bar.describe("more")
    assert "training" in written.getvalue()
