"""Trials of a search in a store that outlives its workers: who works on which, and whose worker is gone."""

import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import optuna
from omegaconf import DictConfig
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from groundwork.core.atomic import write_text
from groundwork.core.errors import UserError, first_line
from groundwork.core.lock import BusyError, locked
from groundwork.core.patches import optuna_id, optuna_storage
from groundwork.launch.search.dimension import Values
from groundwork.launch.search.sampler import Grid
from groundwork.launch.search.space import Space

HEARTBEATS = 6  # signs of life in the time of a lease
BEFORE_MEDIAN = 5  # whole trials before a median says something


@dataclass(frozen=True)
class Claim:
    """Hold a trial that this worker works on.

    Attributes:
        trial: Of the study.
        values: Key -> value.
        path: Run folder.
        tries: How often a worker began or went on with it, this time included.
    """

    trial: optuna.Trial
    values: Values
    path: Path
    tries: int

    @property
    def number(self) -> int:
        """Return the number of the trial, from 0."""
        return int(self.trial.number)


class Study:
    """Hand out trials to any number of workers, on any number of machines that share the search's folder.

    Args:
        place: Folder of the search.
        search: The node `search` of the configuration.
        space: What may vary.
        sampler: See `build_sampler`.
        direction: max or min.
    """

    def __init__(self, place: Path, search: DictConfig, space: Space, sampler: BaseSampler, direction: str):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.place, self.search, self.space = place, search, space
        median = optuna.pruners.MedianPruner(BEFORE_MEDIAN, search.warmup + 1)
        pruner = median if search.prune else optuna.pruners.NopPruner()
        self.total: int = (
            min(search.trials, len(sampler.combinations)) if isinstance(sampler, Grid) else search.trials
        )
        with locked(self._lock):
            self.study = optuna.create_study(
                storage=open_storage(search.storage, place),
                study_name=place.name,
                sampler=sampler,
                pruner=pruner,
                direction="maximize" if direction == "max" else "minimize",
                load_if_exists=True,
            )
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        (place / "workers").mkdir(exist_ok=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Give signs of life while a block runs."""
        over = Event()
        with ExitStack() as stack:
            stack.enter_context(locked(self._worker_file(self.worker, ".lock")))
            pulse = self._worker_file(self.worker, ".alive")
            pulse.touch()
            thread = Thread(target=self._beat, args=(pulse, over), daemon=True)
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()
                pulse.unlink(missing_ok=True)

    def claim(self) -> Claim | None:
        """Take over a trial whose worker is gone, else begin the next; None where nothing is left to take."""
        with locked(self._lock):
            trials = self.study.get_trials(deepcopy=False)
            for frozen in trials:
                if frozen.state == TrialState.RUNNING and (tries := self._free(frozen)) is not None:
                    if tries < self.search.tries:
                        return self._take(optuna.Trial(self.study, optuna_id(frozen)), tries + 1)
                    self._tell(frozen, TrialState.FAIL, None, f"its worker was killed {tries} times")
            return self._take(self.study.ask(), 1) if len(trials) < self.total else None

    def is_over(self) -> bool:
        """Tell whether every trial has ended."""
        return self.count_open() == 0

    def count_open(self) -> int:
        """Count the trials that have not ended, those to come included."""
        states = [trial.state for trial in self.study.get_trials(deepcopy=False)]
        return max(0, self.total - len(states)) + sum(not state.is_finished() for state in states)

    def end(self, claim: Claim, state: TrialState, value: float | None, reason: str | None) -> None:
        """Write down how a trial ended."""
        with locked(self._lock):
            self._tell(claim.trial, state, value, reason)

    def give_back(self, claim: Claim) -> None:
        """Let another worker go on with a trial; being asked to stop is not a failed try."""
        self._write_lease(claim.path, None, claim.tries - 1)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials in the order of their numbers."""
        return list(self.study.get_trials(deepcopy=False))

    def path(self, number: int) -> Path:
        """Return the run folder of a trial."""
        return self.place / f"trial-{number:04d}"

    @property
    def _lock(self) -> Path:
        return self.place / "search.lock"

    def _take(self, trial: optuna.Trial, tries: int) -> Claim:
        path = self.path(trial.number)
        path.mkdir(exist_ok=True)
        self._write_lease(path, self.worker, tries)
        values = self.space.draw(lambda dimension: dimension.suggest(trial))
        trial.set_user_attr("values", values)
        return Claim(trial, values, path, tries)

    def _tell(self, trial: Any, state: TrialState, value: float | None, reason: str | None) -> None:
        if reason is not None:
            optuna_storage(self.study).set_trial_user_attr(optuna_id(trial), "reason", reason)
        self.study.tell(trial.number, value, state=state, skip_if_finished=True)

    def _free(self, trial: FrozenTrial) -> int | None:
        """Return how often a running trial was tried if nobody works on it; None if somebody does."""
        file = self.path(trial.number) / "lease.json"
        if not file.exists():
            return 0  # killed between asking and taking
        lease = json.loads(file.read_text(encoding="utf-8"))
        tries = int(lease["tries"])
        if lease["worker"] is None:
            return tries
        if lease["host"] == socket.gethostname():
            try:
                with locked(self._worker_file(lease["worker"], ".lock"), wait=False):
                    return tries
            except BusyError:
                return None
        pulse = self._worker_file(lease["worker"], ".alive")
        # Both times come from the clock of the disk, which all machines share.
        now = self._worker_file(self.worker, ".alive").stat().st_mtime
        return tries if not pulse.exists() or now - pulse.stat().st_mtime > self.search.lease else None

    def _write_lease(self, path: Path, worker: str | None, tries: int) -> None:
        lease = {"worker": worker, "host": socket.gethostname(), "tries": tries}
        write_text(path / "lease.json", json.dumps(lease) + "\n")

    def _worker_file(self, worker: str, ending: str) -> Path:
        return self.place / "workers" / f"{worker}{ending}"

    def _beat(self, pulse: Path, over: Event) -> None:
        while not over.wait(self.search.lease / HEARTBEATS):
            pulse.touch()


def open_storage(address: str | None, place: Path) -> BaseStorage | str:
    """Open the store of a search: a journal in its folder, or what an address of Optuna names."""
    if address is None:
        file = str(place / "study.journal")
        # Windows lets few users make the symbolic links that Optuna locks by elsewhere.
        lock = JournalFileOpenLock(file) if os.name == "nt" else None
        return JournalStorage(JournalFileBackend(file, lock_obj=lock))
    try:
        storage: BaseStorage = optuna.storages.get_storage(address)
    except Exception as error:
        raise UserError(
            f"search.storage must be an address that Optuna opens, but: {first_line(error)}"
        ) from error
    return storage
