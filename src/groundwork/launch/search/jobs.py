"""Workers of a search as Slurm jobs against one study: submitted, watched, replaced where one was killed."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from optuna.trial import FrozenTrial, TrialState

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.errors import DONE, INTERRUPTED, UserError
from groundwork.core.signals import asked_by
from groundwork.launch.cli import enter
from groundwork.launch.config.resources import with_resources
from groundwork.launch.process.child import stop_on_signal
from groundwork.launch.search.study import Study
from groundwork.launch.search.worker import in_words, told, work_for
from groundwork.launch.sweep.alive import LOOKS, SECONDS_BETWEEN_LOOKS, Waiting, jobs_alive
from groundwork.launch.sweep.job import TIME_IS_UP, requeue
from groundwork.launch.sweep.partition import check_partition
from groundwork.launch.sweep.queue_up import log_folder
from groundwork.launch.sweep.slurm import submit


def check_queue(overrides: Sequence[str]) -> DictConfig:
    """Refuse what cannot be submitted and return the configuration of a worker's job.

    Raises:
        UserError: If Slurm does not answer, or a worker would get several processes.
    """
    config = with_resources(overrides).config
    if config.trainer.devices != 1 or config.trainer.num_nodes != 1:
        raise UserError(
            f"a worker of a search must be one process, but cluster asks for {config.trainer.num_nodes} nodes x "
            f"{config.trainer.devices}. Use cluster.gpus_per_node=1 and search.workers for several."
        )
    jobs_alive()
    return config


def run_jobs(
    overrides: Sequence[str], config: DictConfig, study: Study, monitor: str, console: Console
) -> None:
    """Keep workers in the queue until every trial has ended; a command that is typed again watches those there.

    Args:
        overrides: Words of the search.
        config: See `check_queue`.
        study: Whose trials the workers share.
        monitor: Name of their score.
        console: Where to speak.

    Raises:
        KeyboardInterrupt: If a signal stops this command, whose jobs go on, or all jobs were cancelled.
        RuntimeError: If more workers died than were started at first.
    """
    crew = Crew(overrides, config, study, console)
    said = {trial.number for trial in study.trials() if trial.state.is_finished()}
    with stop_on_signal() as stop, console.progress("trials") as bar:
        while not study.is_over():
            crew.fill()
            for trial in study.trials():
                if trial.state.is_finished() and trial.number not in said:
                    said.add(trial.number)
                    console.say(_line(trial, study.total, monitor))
            bar.move(len(said), study.total)
            if stop.asked:
                console.say(
                    f"the jobs go on without this command; scancel {' '.join(crew.numbers)} ends them"
                )
                raise KeyboardInterrupt("the same command again watches them and writes the report")
            time.sleep(SECONDS_BETWEEN_LOOKS)


class Crew:
    """Hold the jobs of a search, also those that an earlier command has submitted.

    Args:
        overrides: Words of the search.
        config: Of one worker.
        study: Whose trials the workers share.
        console: Where to speak.
    """

    def __init__(self, overrides: Sequence[str], config: DictConfig, study: Study, console: Console):
        self.overrides, self.config, self.study, self.console = overrides, config, study, console
        self.file = study.place / "jobs.json"
        known = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else []
        alive = jobs_alive()
        self.jobs = [job for job in known if job in alive]
        self.unseen: Counter[str] = Counter()
        self.reasons = Waiting(console)
        self.spare = study.search.workers  # that may take the place of others
        if self.jobs:
            console.say(f"jobs {', '.join(self.jobs)} are in the queue already")
        self._submit(study.search.workers - len(self.jobs))

    @property
    def numbers(self) -> list[str]:
        """Number the arrays that the jobs belong to."""
        return sorted({job.partition("_")[0] for job in self.jobs})

    def fill(self) -> None:
        """Replace the jobs that are gone, unless they were cancelled."""
        alive = jobs_alive()
        self.reasons.tell(alive, self.jobs)
        for job in list(self.jobs):
            self.unseen[job] = 0 if job in alive else self.unseen[job] + 1
            if self.unseen[job] < LOOKS or self.study.is_over():
                continue
            self.jobs.remove(job)
            state = _state(job)
            if state.startswith("CANCELLED"):
                self.console.note(f"job {job} was cancelled; its trial waits for another worker")
            elif self.spare:
                self.spare -= 1
                self.console.note(f"job {job} ended as {state}; another one takes its place")
                self._submit(1)
            if not self.jobs and state.startswith("CANCELLED"):
                raise KeyboardInterrupt("the same command again goes on")
        if not self.jobs and not self.study.is_over():
            raise RuntimeError(f"every worker of the search died; what they printed lies in {self._logs}")

    @property
    def _logs(self) -> Path:
        return log_folder(self.study.place.parent, self.study.place.name)

    def _submit(self, number: int) -> None:
        number = min(number, self.study.count_open() - len(self.jobs))
        if number < 1:
            return
        check_partition(self.config)
        name = self.study.place.name
        jobs = submit(run_worker, [(list(self.overrides),)] * number, self.config, self._logs, name)
        self.jobs += jobs
        write_text(self.file, json.dumps(self.jobs) + "\n")
        self.console.say(f"jobs {', '.join(jobs)} are in the queue   ({self._logs})")


def run_worker(overrides: list[str]) -> None:
    """Work for a search as a Slurm job, which queues itself again if its time was up."""

    status = enter(lambda _: work_for(overrides))
    if status == INTERRUPTED and asked_by() == TIME_IS_UP:
        requeue()
    if status != DONE:
        raise SystemExit(status)


def _line(trial: FrozenTrial, total: int, monitor: str) -> str:
    known = trial.user_attrs
    value = trial.value if trial.state == TrialState.COMPLETE else None
    how = in_words(trial.state, monitor, value, known.get("reason"))
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    return told(trial.number, total, how, known.get("values", {}), seconds)


def _state(job: str) -> str:
    """Ask how a job ended; Slurm forgets it after some minutes."""
    answer = subprocess.run(
        ["scontrol", "show", "job", "-o", job], capture_output=True, text=True, timeout=60
    )
    words = dict(word.partition("=")[::2] for word in answer.stdout.split())
    return words.get("JobState", "forgotten")
