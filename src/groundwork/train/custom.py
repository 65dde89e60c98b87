"""A configuration with parts of one's own -> what they are, how they read the target, and what steps aside for them."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from groundwork.core.batch import TaskName
from groundwork.core.directions import Direction, direction_of_own
from groundwork.core.errors import UserError

PACKAGE = __name__.partition(".")[0]
KINDS: dict[str, TaskName] = {"classes": "classification", "values": "regression", "labels": "multilabel"}
# What the exact head, the choice of the cut and the advice stand on: an output that is linear in the features.
LINEAR = {
    "module": tuple(f"{PACKAGE}.task.{kind}Task" for kind in ("Classification", "Multilabel", "Regression")),
    "head": tuple(f"{PACKAGE}.model.{kind}Head" for kind in ("Classification", "Multilabel", "Regression")),
}
FALLBACK = "small_similar"  # in place of advice that can't be had: the cheapest scenario


def own_module(config: DictConfig) -> str | None:
    """Name the LightningModule that `task._target_` puts in the place of a task of this package."""
    return _target_in(config, "task")


def own_data(config: DictConfig) -> str | None:
    """Name the LightningDataModule that `data._target_` puts in the place of a reader."""
    return _target_in(config, "data")


def _target_in(config: DictConfig, group: str) -> str | None:
    options = config.get(group)  # anything, in a file that was changed by hand
    named = options.get("_target_") if isinstance(options, Mapping) else None
    return named if isinstance(named, str) else None


def is_own(config: DictConfig) -> bool:
    """Tell whether task or data of a run are Lightning modules that this package knows nothing of."""
    return bool(own_module(config) or own_data(config))


def own_direction(config: DictConfig) -> Direction:
    """Tell which way the monitor of a run with a module of the user's is better.

    Raises:
        UserError: If neither `callbacks.checkpoint.mode` nor its name says it.
    """
    return direction_of_own(config.monitor, (config.callbacks.get("checkpoint") or {}).get("mode"))


def target_kind(config: DictConfig) -> TaskName | None:
    """Say how the target is read; None leaves it to the target itself.

    Raises:
        UserError: If a task of one's own does not say it.
    """
    if own_module(config) or config.task.name == "auto":
        kind: TaskName | None = config.data.task
        return kind
    reads = config.task.get("target")
    if reads not in KINDS:
        raise UserError(
            f"task.target must be classes, values or labels, but got {reads} (task={config.task.name}). Say which."
        )
    return KINDS[reads]


def custom_parts(config: DictConfig) -> list[str]:
    """Name the task and the head where they are not those of this package, as `task.head=birds.Head`."""
    named: dict[str, Any] = {part: (config.task.get(part) or {}).get("_target_") for part in LINEAR}
    return [f"task.{part}={target}" for part, target in named.items() if target not in (None, *LINEAR[part])]


def is_custom_task(config: DictConfig) -> bool:
    """Tell whether the task is one that baselines and report know nothing of."""
    if own_module(config) or (name := config.task.name) == "auto":
        return False
    return name not in KINDS.values() or (name == "multilabel" and config.task.get("target") != "labels")


def augment_note(config: DictConfig) -> str:
    """Say in one line what cannot be promised of an augmentation of another library; empty for ours."""
    name = config.augment._target_
    if config.data.kind != "image" or name.startswith(f"{PACKAGE}."):
        return ""
    return (
        f"augment={name} draws by itself, not by sample: its draws change with data.batch_size and the number of "
        "devices, and a resumed run goes on with the same ones; it must take this data's channels and number type"
    )


def step_aside(config: DictConfig, reuses: bool) -> str:
    """Say in one line what this run goes without for the sake of its own parts; empty where there is nothing.

    Args:
        reuses: Whether a pretrained backbone reads images, of which an exact head would be solved.
    """
    parts, without = custom_parts(config), []
    if parts and reuses:
        without.append("exact head, choice of the cut and advice")
    if is_custom_task(config):
        parts = parts or [f"task={config.task.name}"]
        without.append("baselines, and the report's pages of classes or of values")
    return f"{', '.join(parts)}: {'; '.join(without)} step aside" if without else ""
