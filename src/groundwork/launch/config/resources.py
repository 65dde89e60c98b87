"""A run for a cluster -> its trainer asks for the machines and devices that the job gets."""

from collections.abc import Sequence

from omegaconf import DictConfig

from groundwork.launch.config.compose import Composition, compose_run


def with_resources(overrides: Sequence[str]) -> Composition:
    """Compose a run for a cluster: `trainer` has as many machines and devices as `cluster` asks for."""
    composition = compose_run(overrides)
    if composition.config.cluster.kind != "slurm":
        return composition
    nodes, tasks = resources(composition.config)
    return compose_run([*overrides, f"trainer.num_nodes={nodes}", f"trainer.devices={tasks}"])


def resources(config: DictConfig) -> tuple[int, int]:
    """Count the machines of a run on a cluster, and its processes on each."""
    cluster, trainer = config.cluster, config.trainer
    devices = 1 if trainer.devices == "auto" else trainer.devices
    return cluster.nodes or trainer.num_nodes, cluster.tasks_per_node or cluster.gpus_per_node or devices
