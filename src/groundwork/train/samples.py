"""A configuration -> its samples and what is predicted of them, before anything heavy is imported."""

from dataclasses import replace

from hydra.utils import instantiate
from omegaconf import DictConfig

from groundwork.core.ranks import in_turns
from groundwork.data import Samples, Target
from groundwork.data.labels import label_notes
from groundwork.train.custom import is_custom_task, target_kind


def read_samples(config: DictConfig) -> tuple[Samples, Target]:
    """Read the source and find out what is predicted.

    Raises:
        UserError: If the source, its columns or its targets are not what the configuration says.
    """
    with in_turns():
        samples: Samples = instantiate(config.data.reader)
    data = config.data
    target = Target.fit(
        samples.target,
        target_kind(config),
        data.get("positive_class"),
        data.get("positive_above"),
        data.get("classes"),
    )
    if is_custom_task(config):
        target = replace(
            target, why=f"{config.task.name}, which reads {config.task.target}, as the task says"
        )
    if target.classes and target.positive_above is None:
        notes = label_notes(samples.target.iloc[:, 0], target.classes)
        samples = replace(samples, notes=(*samples.notes, *notes))
    return samples, target
