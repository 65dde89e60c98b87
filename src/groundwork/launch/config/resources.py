"""A run for a cluster -> its trainer asks for the machines and devices that the job gets."""

from collections.abc import Sequence

from groundwork.launch.config.compose import Composition, compose_run


def with_resources(overrides: Sequence[str]) -> Composition:
    """Compose a run for a cluster: `trainer` has as many machines and devices as `cluster` asks for."""
    composition = compose_run(overrides)
    cluster, trainer = composition.config.cluster, composition.config.trainer
    if cluster.kind != "slurm":
        return composition
    devices = 1 if trainer.devices == "auto" else trainer.devices
    tasks = cluster.tasks_per_node or cluster.gpus_per_node or devices
    nodes = cluster.nodes or trainer.num_nodes
    return compose_run([*overrides, f"trainer.num_nodes={nodes}", f"trainer.devices={tasks}"])
