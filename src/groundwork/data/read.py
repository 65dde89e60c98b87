"""A data choice -> its samples and what is predicted of them."""

from dataclasses import replace

from omegaconf import DictConfig
from pandas import DataFrame

from groundwork.core.batch import TaskName
from groundwork.core.choice import build
from groundwork.core.errors import UserError
from groundwork.data.labels import label_notes
from groundwork.data.multilabel import column_notes, label_columns
from groundwork.data.readers.roles import AUTO
from groundwork.data.samples import Samples
from groundwork.data.target import Target

FOLDERS = ".read_image_folder"  # the reader whose folders may lie in each other


def read_data(data: DictConfig, task: TaskName | None) -> tuple[Samples, Target]:
    """Read the source and find out what is predicted.

    Args:
        data: The group `data` of a configuration.
        task: How the target is read; None leaves it to the target itself.

    Raises:
        UserError: If the source, its columns or its targets are not what the configuration says.
    """
    separator = data.get("label_separator")
    if separator is not None and task != "multilabel":
        raise UserError(
            f"data.label_separator={separator!r} must go with several labels, but the task is {task or 'auto'}. Add "
            "task=multilabel."
        )
    samples = _read(data)
    if task == "multilabel":
        samples = _with_labels(samples, data.reader._target_.endswith(FOLDERS), separator)
    target = Target.fit(
        samples.target, task, data.get("positive_class"), data.get("positive_above"), data.get("classes")
    )
    if target.classes and target.positive_above is None:
        notes = label_notes(samples.target.iloc[:, 0], target.classes)
        samples = replace(samples, notes=(*samples.notes, *notes))
    return samples, target


def _read(data: DictConfig) -> Samples:
    """Read the source; groups that are yet to be found are none of its columns."""
    group, given = data.get("group"), {}
    if group == AUTO:
        if data.kind != "image":
            raise UserError(
                "data.group=auto must find images that show nearly the same, but the data is a table. Name a column."
            )
        given = {"group": None} if "group" in data.reader else {}
    elif (
        group is not None
        and "group" not in data.reader
        and str(data.reader._target_).startswith("groundwork.")
    ):
        raise UserError(
            f"data.group must be auto or null, because this data has no columns, but got {group}. Use data=image_table "
            "for a table that names images and groups."
        )
    samples: Samples = build(data.reader, **given)
    return samples


def _with_labels(samples: Samples, in_folders: bool, separator: str | None) -> Samples:
    """Give samples a column of 0 and 1 for each label; those in folders have the names of all folders around them."""
    target = samples.target
    if in_folders and separator is None:
        parts = [name.split("/")[samples.official is not None : -1] for name in samples.sample_id]
        target, separator = DataFrame({"folders": ["/".join(names) for names in parts]}, dtype="str"), "/"
    found = label_columns(target, separator)
    return replace(samples, target=found, notes=(*samples.notes, *column_notes(found)))
