"""The group `logger` of a configuration -> errors in one line, before any data is read."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from hydra.utils import get_class
from omegaconf import DictConfig

from groundwork.core.errors import UserError, first_line
from groundwork.core.ranges import check_choice
from groundwork.core.redact import is_secret_name

UPLOADS = ("metrics", "config", "curves", "photographs", "predictions", "splits", "checkpoints", "code")
MODES = ("auto", "online", "offline", "disabled")
# Name of a logger's class -> the package that it needs, and the one that installs it.
PACKAGES = {
    "CometLogger": ("comet_ml", "comet"),
    "MLFlowLogger": ("mlflow", "mlflow"),
    "TensorBoard": ("tensorboard", "tensorboard"),
    "TensorBoardLogger": ("tensorboard", "tensorboard"),
}
OWN = "groundwork.track."  # loggers that are known without importing them
MOVED = ("upload", "group", "job_type", "wait")  # keys that all loggers shared once
KNOWN = ("_target_", "project", "entity", "mode", "upload", "name", "tags", "group", "job_type", "wait")


def check_logger(config: DictConfig) -> None:
    """Refuse what no logger can do.

    Raises:
        UserError: If an entry is not a Lightning logger, its package is absent, or a value is wrong.
    """
    for name, node in (config.get("logger") or {}).items():
        _check_one(str(name), node)


def _check_one(name: str, node: Any) -> None:
    key = f"logger.{name}"
    if name in MOVED:
        raise UserError(
            f"{key} must belong to one logger, as logger.wandb.{name} does. Write logger.wandb.{name}=..."
        )
    if name == "gradients":
        raise UserError(
            f"{key} must be a callback. Write '+callbacks.extra.gradients={{_target_: groundwork.train.Gradients, "
            f"every: 100}}'."
        )
    target = node.get("_target_") if isinstance(node, Mapping) else None
    if not isinstance(target, str):
        raise UserError(
            f"{key} must name a Lightning logger by _target_, but has none. Write '+{key}={{_target_: "
            f"lightning.pytorch.loggers.CSVLogger}}', or logger={name} for a file of conf/logger."
        )
    for inner in node:
        if is_secret_name(str(inner)):
            raise UserError(
                f"{key}.{inner} must not be a key: a service reads the key of the account from its own variable "
                f"(WANDB_API_KEY, COMET_API_KEY) or file. Remove it."
            )
    _check_package(name, target)
    if target == f"{OWN}Wandb":
        _check_wandb(key, node)
    elif not target.startswith(OWN):
        _check_class(key, target)


def _check_package(name: str, target: str) -> None:
    package, extra = PACKAGES.get(target.rpartition(".")[2], ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise UserError(
            f"logger={name} must find the package {package}, but it is not installed. Run: uv sync --extra {extra}"
        )


def _check_wandb(key: str, node: Mapping[str, Any]) -> None:
    if extra := [inner for inner in node if inner not in KNOWN]:
        raise UserError(f"{key}.{extra[0]} is not a key of this logger ({', '.join(KNOWN[1:])}). Remove it.")
    check_choice(f"{key}.mode", node.get("mode"), MODES)
    for word in node.get("upload") or ():
        if word not in UPLOADS:
            raise UserError(
                f"{key}.upload must name some of {', '.join(UPLOADS)}, but got {word}. Remove it."
            )


def _check_class(key: str, target: str) -> None:
    """Refuse what is not a Lightning logger; only here a class of somebody else's is imported."""
    from lightning.pytorch.loggers import Logger

    try:
        kind: Any = get_class(target)
    except Exception as error:
        raise UserError(
            f"{key}._target_ must name a class that can be imported, but {target} cannot: "
            f"{first_line(error)}. Correct the name."
        ) from error
    if not issubclass(kind, Logger):
        raise UserError(
            f"{key}._target_ must name a subclass of lightning.pytorch.loggers.Logger, but {target} is not one. "
            f"Name another class."
        )
