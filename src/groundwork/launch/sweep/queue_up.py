"""Runs and sweeps -> jobs in Slurm's queue, and what became of them."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.paths import writing_runs
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.resources import resources, with_resources
from groundwork.launch.process.child import Stop
from groundwork.launch.saved import run_name, save_start
from groundwork.launch.sweep.alive import LOOKS, SECONDS_BETWEEN_LOOKS, Waiting, jobs_alive
from groundwork.launch.sweep.job import run_job
from groundwork.launch.sweep.partition import check_partition
from groundwork.launch.sweep.slurm import submit
from groundwork.launch.sweep.sweep import Record, Trial


def submit_run(composition: Composition, console: Console) -> int:
    """Submit one run and say how to watch it."""
    composition = with_resources(composition.overrides)
    check_combination(composition)
    runs, name = Path(composition.config.paths.runs), run_name(composition)
    check_partition(composition.config)
    logs = log_folder(runs, name)
    with writing_runs(runs):
        saved = RunFolder.furnish(logs / secrets.token_hex(6))
    save_start(saved, composition)
    (job,) = submit(run_job, [(str(saved.path), str(runs / name), None)], composition.config, logs, name)
    console.say(f"job {job} is in the queue; its folder will be {runs / name / job}")
    console.say(f"watch: squeue -j {job}; tail -F {logs}/{job}_0_log.out; scancel {job} ends it after saving")
    return DONE


def submit_again(folder: RunFolder, config: DictConfig, keep: Callable[[], None], console: Console) -> int:
    """Submit a job that goes on with a run.

    Args:
        config: Of the run, whose trainer is given the job's machines and devices.
        keep: Writes it into the folder.
    """
    config.trainer.num_nodes, config.trainer.devices = resources(config)
    check_partition(config)
    logs = log_folder(folder.path.parents[1], folder.path.parent.name)
    keep()
    (job,) = submit(run_job, [(str(folder.path), None, None)], config, logs, folder.path.parent.name)
    console.say(f"job {job} is in the queue and goes on with {folder.path}")
    console.say(f"watch: squeue -j {job}; tail -F {logs}/{job}_0_log.out; scancel {job} ends it after saving")
    return DONE


def log_folder(runs: Path, name: str) -> Path:
    """Name the folder of submitit's files and of what jobs print."""
    folder = runs / ".slurm" / name
    with writing_runs(runs):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


class Queue:
    """Run the trials of a sweep as an array of Slurm jobs.

    Args:
        trials: Those of the sweep that are asked for together.
        record: Of the sweep.
        console: Where to speak.
        stop: Tells that a signal asked to stop watching; the jobs go on.
    """

    def __init__(self, trials: Sequence[Trial], record: Record, console: Console, stop: Stop):
        self.trials, self.record, self.console, self.stop = trials, record, console, stop
        self.unseen: dict[str, int] = {}
        self.stopped = False

    def run(self, missing: Sequence[Trial]) -> bool:
        """Submit what is not in the queue yet, watch until all have ended, and tell whether any was stopped."""
        alive = jobs_alive()
        fresh = [trial for trial in missing if self.record.entry(trial).get("job") not in alive]
        if fresh:
            self._submit(fresh)
        waiting, reasons = list(missing), Waiting(self.console)
        with self.console.progress("jobs") as bar:
            while waiting and not self.stop.asked:
                bar(len(self.trials) - len(waiting), len(self.trials))
                time.sleep(SECONDS_BETWEEN_LOOKS)
                alive = jobs_alive()
                reasons.tell(alive, [str(self.record.entry(trial)["job"]) for trial in waiting])
                waiting = [trial for trial in waiting if not self._ended(trial, alive)]
        if waiting:
            numbers = " ".join(sorted({str(self.record.entry(trial)["job"]) for trial in waiting}))
            self.console.say(f"the jobs go on without this command; scancel {numbers} ends them")
        return self.stopped or bool(waiting)

    def _submit(self, fresh: Sequence[Trial]) -> None:
        trainers = [trial.composition.config.trainer for trial in fresh]
        if len({(trainer.devices, trainer.num_nodes) for trainer in trainers}) > 1:
            raise UserError(
                "cluster=slurm must give every trial the same devices and nodes, but trainer.devices or num_nodes is "
                "swept over. Use one command for each."
            )
        config = fresh[0].composition.config
        check_partition(config)
        for trial in fresh:
            trial.furnish()
        kin = fresh[0].folder.path.parent
        logs = log_folder(kin.parent, kin.name)
        each = [(str(trial.folder.path), None, self.record.group) for trial in fresh]
        jobs = submit(run_job, each, config, logs, kin.name)
        for trial, job in zip(fresh, jobs, strict=True):
            self.record.started(trial, job=job, host="slurm")
        self.console.say(f"jobs {jobs[0]} to {jobs[-1]} are in the queue   ({logs})")

    def _ended(self, trial: Trial, alive: Mapping[str, str]) -> bool:
        job = str(self.record.entry(trial)["job"])
        self.unseen[job] = 0 if job in alive else self.unseen.get(job, 0) + 1
        if self.unseen[job] < LOOKS:
            return False
        what, error = fate(trial.folder, job)
        self.stopped |= what == "stopped"
        wrong = what == "failed" and bool(trial.folder.read_json("result").get("is_wrong"))
        self.record.update(trial, status=what, error=error, is_wrong=wrong)
        self.console.say(
            f"{what:7} {trial.label}   job {job}   {trial.folder.path}{f'   {error}' if error else ''}",
            style="red" if what == "failed" else "",
        )
        return True


def fate(folder: RunFolder, job: str) -> tuple[str, str | None]:
    """Tell what became of a trial whose job has left the queue: done, stopped or failed, and the error."""
    result = folder.read_json("result")
    if result.get("status") == "done":
        return "done", None
    if result.get("status") == "interrupted":
        return "stopped", None
    error = result.get("error") if result.get("status") == "failed" else None
    error = error or f"job {job} was ended without a word: cancelled, out of memory, or its node failed"
    folder.write_json("result", {**result, "status": "failed", "error": error})
    return "failed", error
