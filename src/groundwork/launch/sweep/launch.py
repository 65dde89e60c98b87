"""Combinations that a sweeper asks for -> runs, and what became of each: in one call or in many, by any launcher."""

import json
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.errors import INTERRUPTED, UserError
from groundwork.core.lock import BusyError, locked
from groundwork.core.quote import key_of
from groundwork.core.redact import redact
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.plainly import check_plain
from groundwork.launch.config.searchpath import searchpath_overrides
from groundwork.launch.process.child import stop_on_signal
from groundwork.launch.sweep.drive import Local
from groundwork.launch.sweep.effect import refuse_without_effect
from groundwork.launch.sweep.queue_up import Queue
from groundwork.launch.sweep.returned import job_return, monitored
from groundwork.launch.sweep.sweep import LEFT_OUT, Record, Trial, TrialError, identify

Entries = list[dict[str, Any]]


class Sweep:
    """Drive the trials that a sweeper asks for; one record and one lock hold for all that it asks.

    Args:
        runs: Where the record lies, in `.sweeps`.
        console: Where to speak.
        wait: For another process that drives the same sweep, instead of refusing to be a second one.
    """

    def __init__(self, runs: Path, console: Console, wait: bool = False):
        self.runs, self.console, self.wait = runs, console, wait
        self._record: Record | None = None
        self._asked: dict[str, Trial] = {}
        self._held = ExitStack()

    def run(
        self, combinations: Sequence[Sequence[str]], typed: Sequence[str] = (), key: str = ""
    ) -> list[tuple[Trial, dict[str, Any]]]:
        """Run what is not done yet and return every trial with its entry in the record.

        Args:
            combinations: Overrides of each.
            typed: Those of the whole sweep.
            key: See `Record`.

        Raises:
            UserError: If a key or value is wrong, or the same sweep is being driven already.
            KeyboardInterrupt: If a signal stopped the sweep or one of its trials.
        """
        trials = identify(combinations, typed)
        for trial in trials:
            check_keys(trial.composition)
            check_plain(trial.composition)
        refuse_without_effect(trials)
        with stop_on_signal() as stop:
            record = self._open(trials, key)
            missing = record.open(trials, {"host": socket.gethostname(), "pid": os.getpid()})
            if not self._asked:
                self.console.say(
                    f"{len(trials)} trials, {len(trials) - len(missing)} done before   ({record.path})"
                )
            self._asked |= {trial.id: trial for trial in trials}
            where = Queue if trials[0].composition.config.cluster.kind == "slurm" else Local
            if where(trials, record, self.console, stop).run(missing):
                raise KeyboardInterrupt("the same command again goes on")
            record.end(trials)
        return [(trial, record.entry(trial)) for trial in trials]

    def entries(self) -> Entries:
        """Give what the record says of every trial that was asked for."""
        return [self._record.entry(trial) for trial in self._asked.values()] if self._record else []

    def records(self) -> list[Path]:
        """Name the file of the record, once there is one."""
        return [self._record.path] if self._record else []

    def close(self) -> None:
        """Let go of the lock."""
        self._held.close()

    def _open(self, trials: Sequence[Trial], key: str) -> Record:
        if self._record is None:
            record = Record(self.runs, trials, key)
            try:
                self._held.enter_context(locked(record.lock, wait=self.wait))
            except BusyError as error:
                raise UserError(
                    f"a sweep must have one driver, but another process drives this one ({record.path}). Wait for it."
                ) from error
            self._record = record
        return self._record


open_sweeps: list[Sweep] = []  # that of this process, in which a sweeper may launch several batches


def launch(config: DictConfig, job_overrides: Sequence[Sequence[str]]) -> list[JobReturn]:
    """Run a batch of a sweep for Hydra's sweeper.

    Args:
        config: Of the whole sweep.
        job_overrides: Of each combination.

    Raises:
        UserError: If a key or value is wrong; nothing has started then.
        SystemExit: With status 75, if a signal stopped it.
    """
    hydra = config.hydra
    conceal(Path(hydra.sweep.dir))
    if not open_sweeps:
        open_sweeps.append(Sweep(Path(hydra.sweep.dir).parent, Console()))
    typed = list(hydra.overrides.task)
    if not job_overrides:
        swept = " ".join(typed)
        raise UserError(
            f"-m {swept} must name values, but leads to no combination. Change what is swept over."
        )
    found = searchpath_overrides(list(hydra.overrides.hydra))
    try:
        ended = open_sweeps[0].run([[*found, *one] for one in job_overrides], [*found, *typed], _key(hydra))
    except KeyboardInterrupt as stop:
        print(f"stopped; {stop}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from stop
    # The basic sweeper would not start another batch after one in which a run failed.
    raises = hydra.runtime.choices["hydra/sweeper"] != "basic"
    return [job_return(trial, entry, raises) for trial, entry in ended]


def run_combination(config: DictConfig, hydra: Any, overrides: Sequence[str]) -> float | None:
    """Run one combination in a process of its own, wherever another launcher of Hydra's has brought this process.

    Args:
        config: Of the combination.
        hydra: Hydra's own part of it.
        overrides: That led to it.

    Returns:
        The monitored value on val.

    Raises:
        UserError: If a key or value is wrong, or the launcher has started several processes for one run.
        TrialError: If the run failed.
    """
    launcher = hydra.launcher
    name = hydra.runtime.choices["hydra/launcher"]
    if launcher.get("nodes", 1) * launcher.get("tasks_per_node", 1) > 1:
        raise UserError(
            f"hydra/launcher={name} must start one task for each run, which starts its ranks by itself, but "
            f"hydra.launcher asks for more. Use trainer.devices=N; for several nodes, cluster=slurm without it."
        )
    if config.cluster.kind == "slurm":
        raise UserError(f"cluster=slurm must submit by itself, but hydra/launcher={name} does. Remove one.")
    sweep = Sweep(Path(hydra.sweep.dir).parent, Console(quiet=True), wait=True)
    try:
        ((trial, entry),) = sweep.run([overrides])
    finally:
        sweep.close()
    if entry["status"] != "done":
        raise TrialError(f"{trial.id}: {entry['error']}")
    return monitored(trial)


def conceal(folder: Path) -> None:
    """Hide what is secret in the file that Hydra's sweeper writes."""
    file = folder / "multirun.yaml"
    if file.is_file():
        content = redact(OmegaConf.to_container(OmegaConf.load(file), resolve=False))
        write_text(file, OmegaConf.to_yaml(OmegaConf.create(content)))


def _key(hydra: DictConfig) -> str:
    """Say by what a sweep is known whose sweeper asks for its trials in batches; "" where it asks for all at once."""
    sweeper: Any = OmegaConf.to_container(hydra.sweeper, resolve=False)
    if hydra.runtime.choices["hydra/sweeper"] == "basic" and sweeper.get("max_batch_size") is None:
        return ""
    words = [one for one in hydra.overrides.task if key_of(one).partition(".")[0] not in LEFT_OUT]
    return json.dumps([sweeper, sorted(words)], sort_keys=True, default=str)
