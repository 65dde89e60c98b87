"""Hydra's launcher for groundwork: a process or a Slurm job per combination. Hydra imports this at every start."""

from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


class ProcessLauncher(Launcher):
    """Run each combination of a sweep as a trial that the same command finds again."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the configuration of the sweep; a trial is composed anew in a process of its own."""
        self.context, self.config, self.task = hydra_context, config, task_function

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch and return one result per combination: the monitored value on val, or the failure.

        The trials are processes of their own; Hydra's callbacks hear of their jobs here, before and after the batch.

        Raises:
            UserError: If a combination has a wrong key or value; none has started then.
            SystemExit: With status 75, if a signal stopped the sweep.
        """
        from groundwork.launch.sweep.launch import launch  # pandas: not at every start

        hears = bool(self.config.hydra.get("callbacks"))
        numbered = enumerate(job_overrides, initial_job_idx) if hears else ()
        jobs = [self._job(number, overrides) for number, overrides in numbered]
        for job in jobs:
            self.context.callbacks.on_job_start(config=job, task_function=self.task)
        returned = launch(self.config, job_overrides)
        for job, result in zip(jobs, returned, strict=False):
            self.context.callbacks.on_job_end(config=job, job_return=result)
        return returned

    def _job(self, number: int, overrides: Sequence[str]) -> DictConfig:
        """Compose the configuration of a combination, as Hydra's own launchers do."""
        job = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(job):
            job.hydra.job.num, job.hydra.job.id = number, f"job_{number}"
        return job


_store = ConfigStore.instance()
if "groundwork.yaml" not in _store.repo.get("hydra", {}).get(
    "launcher", {}
):  # a worker of Ray brings it along
    _store.store(
        group="hydra/launcher",
        name="groundwork",
        node={"_target_": f"{__name__}.ProcessLauncher"},
        provider="groundwork",
    )
