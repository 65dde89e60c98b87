"""Hydra's launcher for groundwork: a process or a Slurm job per combination. Hydra imports this at every start."""

from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class ProcessLauncher(Launcher):
    """Run each combination of a sweep as a trial that the same command finds again."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the configuration of the sweep; a trial is composed anew in a process of its own."""
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch and return one result per combination: the monitored value on val, or the failure.

        Raises:
            UserError: If a combination has a wrong key or value; none has started then.
            SystemExit: With status 75, if a signal stopped the sweep.
        """
        from groundwork.launch.sweep.launch import launch  # pandas: not at every start

        return launch(self.config, job_overrides)


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
