"""Trials of a sweep -> finished run folders: each in a process of its own, whatever becomes of the others."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.core.console import Bar, Console
from groundwork.core.errors import DONE, INTERRUPTED, WRONG_INPUT, UserError
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP
from groundwork.launch.process.child import Child, Stop, share_cores
from groundwork.launch.process.gpu import slot_of_gpus
from groundwork.launch.sweep.sweep import Record, Trial

SECONDS_BETWEEN_LOOKS = 0.2
TRIAL_MODULE = "groundwork.launch.process.trial"


@dataclass
class Running:
    """Hold a trial that runs in a child, in one of the places for trials."""

    trial: Trial
    child: Child
    slot: int
    since: float
    asked: int = 0


class Local:
    """Run trials on this machine.

    Args:
        trials: Those of the sweep that are asked for together.
        record: Of the sweep.
        console: Where to speak.
        stop: Tells that a signal asked to stop.
    """

    def __init__(self, trials: Sequence[Trial], record: Record, console: Console, stop: Stop):
        self.record, self.console, self.stop = record, console, stop
        self.trials = trials
        jobs = trials[0].composition.config.cluster.jobs
        if not isinstance(jobs, int) or jobs < 1:
            raise UserError(f"cluster.jobs must be at least 1, a whole number, but got {jobs}. Change it.")
        self.jobs = jobs
        self.running: list[Running] = []
        self.stopped = False

    def run(self, missing: Sequence[Trial]) -> bool:
        """Run the trials and tell whether the sweep was stopped by a signal."""
        waiting = list(missing)
        with self.console.progress("trials") as bar:
            while self.running or (waiting and not self._stopping):
                while waiting and len(self.running) < self.jobs and not self._stopping:
                    self._start(waiting.pop(0))
                self._show(bar)
                time.sleep(SECONDS_BETWEEN_LOOKS)
                self._look()
        return self._stopping

    @property
    def _stopping(self) -> bool:
        return self.stopped or self.stop.asked > 0

    def _start(self, trial: Trial) -> None:
        trial.furnish()
        slot = min(set(range(self.jobs)) - {running.slot for running in self.running})
        given = {SWEEP: self.record.group} | share_cores(self.jobs)
        given |= slot_of_gpus(slot, self.jobs, trial.composition.config.trainer)
        child = Child(TRIAL_MODULE, [str(trial.folder.path)], trial.folder.console, given)
        self.record.started(trial, host=socket.gethostname(), pid=child.process.pid)
        self.running.append(Running(trial, child, slot, time.monotonic()))

    def _look(self) -> None:
        for running in list(self.running):
            status = running.child.poll()
            if status is None and running.asked < self.stop.asked + self.stopped:
                running.asked = self.stop.asked + self.stopped
                running.child.stop(self.stop.name) if running.asked == 1 else running.child.kill()
            elif status is not None:
                self.running.remove(running)
                self._ended(running, status)

    def _ended(self, running: Running, status: int) -> None:
        what, error = outcome(running.trial.folder, status)
        if what == "failed" and running.asked and status < 0:
            what, error = "stopped", None  # we killed it
        self.stopped |= what == "stopped"
        seconds = round(time.monotonic() - running.since, 1)
        wrong = what == "failed" and status == WRONG_INPUT
        self.record.update(running.trial, status=what, error=error, is_wrong=wrong, seconds=seconds)
        note = f"   {error}" if error else ""
        number = len(self.trials)
        done = number - self.record.count(self.trials)["waiting"] - len(self.running)
        where = running.trial.folder.path
        self.console.say(
            f"[{done}/{number}] {what:7} {running.trial.label}   {seconds:.0f} s   {where}{note}",
            style="red" if what == "failed" else "",
        )

    def _show(self, bar: Bar) -> None:
        counts = self.record.count(self.trials)
        bar.describe(f"{counts['running']} running, {counts['failed']} failed")
        bar(counts["done"] + counts["failed"], len(self.trials))


def outcome(folder: RunFolder, status: int) -> tuple[str, str | None]:
    """Tell from its exit status and its folder what became of a trial: done, stopped or failed, and the error."""
    result = folder.read_json("result")
    if status == DONE and result.get("status") == "done":
        return "done", None
    if status == INTERRUPTED and result.get("status") != "failed":
        return "stopped", None
    error = result.get("error") if result.get("status") == "failed" else None
    if status < 0:
        error = f"killed by signal {-status}"
    error = error or last_line(folder.console) or f"exit status {status}"
    folder.write_json("result", {**result, "status": "failed", "error": error})
    return "failed", error


def last_line(log: Path) -> str | None:
    """Return the last line of a file that says something."""
    if not log.exists():
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), None)
