"""A data choice -> its samples and what is predicted of them."""

from dataclasses import replace

from omegaconf import DictConfig

from groundwork.core.batch import TaskName
from groundwork.core.choice import build
from groundwork.data.labels import label_notes
from groundwork.data.samples import Samples
from groundwork.data.target import Target


def read_data(data: DictConfig, task: TaskName | None) -> tuple[Samples, Target]:
    """Read the source and find out what is predicted.

    Args:
        data: The group `data` of a configuration.
        task: How the target is read; None leaves it to the target itself.

    Raises:
        UserError: If the source, its columns or its targets are not what the configuration says.
    """
    samples: Samples = build(data.reader)
    target = Target.fit(
        samples.target, task, data.get("positive_class"), data.get("positive_above"), data.get("classes")
    )
    if target.classes and target.positive_above is None:
        notes = label_notes(samples.target.iloc[:, 0], target.classes)
        samples = replace(samples, notes=(*samples.notes, *notes))
    return samples, target
