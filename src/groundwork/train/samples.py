"""A configuration -> its samples and what is predicted of them, before anything heavy is imported."""

from dataclasses import replace

from omegaconf import DictConfig

from groundwork.core.ranks import in_turns
from groundwork.data import Samples, Target
from groundwork.data.read import read_data
from groundwork.train.custom import is_custom_task, target_kind


def read_samples(config: DictConfig) -> tuple[Samples, Target]:
    """Read the source and find out what is predicted.

    Raises:
        UserError: If the source, its columns or its targets are not what the configuration says.
    """
    with in_turns():
        samples, target = read_data(config.data, target_kind(config))
    if is_custom_task(config):
        why = f"{config.task.name}, which reads {config.task.target}, as the task says"
        target = replace(target, why=why)
    return samples, target
