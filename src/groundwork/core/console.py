"""What a run says: lines on the terminal and in train.log, and one progress bar for whatever takes long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from groundwork.core.redact import redact_text
from groundwork.core.signals import check

SECONDS_BETWEEN_LINES = 60.0


class Bar:
    """Move one progress bar."""

    def __init__(self, progress: Progress, description: str):
        self._progress = progress
        self._task = progress.add_task(description, total=None)

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done, and end here if a signal asked for it."""
        check()
        self.move(done, total)

    def move(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` are done; None is not known."""
        self._progress.update(self._task, completed=done, total=total)

    def describe(self, text: str) -> None:
        """Change the words before the bar."""
        self._progress.update(self._task, description=text)


class Lines(Bar):
    """Say now and then how far it is, where the output goes to a file and a bar cannot move.

    Args:
        say: Prints a line.
        description: Of what is done.
        unit: Of what is counted.
    """

    def __init__(self, say: Callable[[str], None], description: str, unit: str):
        self._say, self._description, self._unit = say, description, unit
        self._begun = self._said = time.monotonic()
        self._first: int | None = None  # a resumed training begins in the middle

    def move(self, done: int, total: int | None) -> None:
        """Say it, if it was not said within the last minute."""
        now = time.monotonic()
        self._first = done if self._first is None else self._first
        if now - self._said < SECONDS_BETWEEN_LINES:
            return
        self._said = now
        text = f"{self._description}: {done:,}{f' of {total:,}' if total else ''} {self._unit}".rstrip()
        if total and self._first < done < total:
            minutes = (now - self._begun) / (done - self._first) * (total - done) / 60
            text += f", about {minutes:,.0f} min left" if minutes >= 1 else ", less than 1 min left"
        self._say(text)

    def describe(self, text: str) -> None:
        """Change the words before the numbers."""
        self._description = text


class Console:
    """Speak to the person who started the run.

    Args:
        quiet: Print nothing, as in notebooks' tests and on every rank but the first; the log is still written.
    """

    def __init__(self, quiet: bool = False):
        self.rich = RichConsole(quiet=quiet, highlight=False, soft_wrap=True)
        self._log: Path | None = None
        self._early: list[str] = []

    def log_to(self, path: Path) -> None:
        """Write everything said so far, and from now on, to a file."""
        self._log = path
        with path.open("a", encoding="utf-8") as file:
            file.writelines(self._early)
        self._early.clear()

    def say(self, text: str, style: str = "") -> None:
        """Print a line; its brackets are text, not markup."""
        text = redact_text(text)
        self.rich.print(text, style=style, markup=False)
        self._record(text)

    def note(self, text: str) -> None:
        """Tell something the user may not expect."""
        self.say(f"note: {text}", style="yellow")

    def show(self, content: RenderableType) -> None:
        """Print a table."""
        self.rich.print(content)

    @contextmanager
    def progress(self, description: str, unit: str = "") -> Iterator[Bar]:
        """Show a bar with the time left while a block runs; call what it gives with (done, total).

        Where the output is no terminal, such as the file of a cluster's job, a line a minute says the same.
        """
        if not self.rich.is_terminal:
            yield Lines(self.say, description, unit)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.rich, transient=True) as progress:
            yield Bar(progress, description)

    def _record(self, text: str) -> None:
        line = f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n"
        if self._log is None:
            self._early.append(line)
            return
        with self._log.open("a", encoding="utf-8") as file:
            file.write(line)
