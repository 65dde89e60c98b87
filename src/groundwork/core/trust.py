"""Configurations that arrive as data, in a run folder or a checkpoint -> checked before anything is built from them.

`_target_` may call anything that can be imported. Here it may name what the shipped `conf/` names, the modules of
this package, and layers, optimizers, schedules and metrics of the libraries below; nothing else is even imported.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.core.variables import TRUST

PACKAGE = __name__.partition(".")[0]
ROOMS = ("data", "loss", "metrics", "model", "optim", "task", "transfer")
# Public names of these modules, where they are classes of the kind on the right, made by the package itself.
LIBRARIES: dict[str, str | tuple[str, ...]] = {
    "torch.nn": "torch.nn.modules.",
    "torch.optim": "torch.optim.",
    "torch.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "torchvision.models": "torchvision.models.",
    "torchvision.ops": "torchvision.ops.",
    "timm.layers": "timm.layers.",
    "timm.models": "timm.models.",
    "timm.optim": "timm.optim.",
    "timm.scheduler": "timm.scheduler.",
    "torchmetrics": ("torchmetrics.classification.", "torchmetrics.regression."),
    "torchmetrics.classification": "torchmetrics.classification.",
    "torchmetrics.regression": "torchmetrics.regression.",
}
# Names of the first edition, in run folders that it made.
MOVED = {
    "run.FindRate": "train.FindRate",
    "run.Profile": "train.Profile",
    "run.TensorBoard": "track.TensorBoard",
    "run.Wandb": "track.Wandb",
}
MAX_DEPTH = 30

_admitted: set[str] = set()


def admit(packages: Sequence[str]) -> None:
    """Trust every target of some packages for the rest of this process; `pickle` lets tables be read that are one.

    Raises:
        UserError: If a name is not that of a package.
    """
    for package in packages:
        if not re.fullmatch(r"[A-Za-z_]\w*", package):
            raise UserError(f"trust must name packages, but got {package!r}. Write trust=[package].")
        _admitted.add(package)


def admit_typed(config: DictConfig) -> None:
    """Trust the targets of a configuration that the user has composed, also where a process that it starts reads it."""
    for target in targets_of(OmegaConf.to_container(config)):
        _admitted.add(target)


def admit_arguments(arguments: Sequence[str]) -> list[str]:
    """Take `trust=[a,b]` out of the arguments of a command and admit what it names."""
    for argument in arguments:
        if argument.startswith("trust="):
            admit([name.strip() for name in argument.removeprefix("trust=").strip("[]").split(",")])
    return [argument for argument in arguments if not argument.startswith("trust=")]


def handed_on() -> dict[str, str]:
    """Give the variable by which a process that this one starts trusts what this one does."""
    return {TRUST: ",".join(sorted(trusted_names()))}


def trusted_names() -> set[str]:
    """Name the packages and targets that this process trusts."""
    return _admitted | set(os.environ.get(TRUST, "").split(",")) - {""}


def checked_config(content: Any, where: object) -> DictConfig:
    """Build a configuration from plain content that nobody vouches for.

    Targets of this package are found under its present name, whatever it was called when the run was made.

    Args:
        content: Mappings, lists and plain values.
        where: It comes from, for the message.

    Raises:
        UserError: If it names a target that is not known, computes values, or is nested too deeply.
    """
    config = _checked(content, where, 0)
    if not isinstance(config, dict):
        raise UserError(f"{where} must hold keys and values. Restore it.")
    data = config.get("data")
    if isinstance(data, dict) and "pickle" not in trusted_names():
        for part in (data, data.get("reader")):
            if isinstance(part, dict) and "trust_pickle" in part:
                part["trust_pickle"] = False
    try:
        return OmegaConf.create(config)
    except Exception as error:  # keys that are neither text nor numbers, and whatever else a file may hold
        raise UserError(f"{where} must hold plain keys and values, but: {error}. Restore it.") from error


def _checked(content: Any, where: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise UserError(f"{where} must be nested at most {MAX_DEPTH} deep, but is deeper. Restore it.")
    if isinstance(content, dict):
        return {
            key: checked_target(value, where) if key == "_target_" else _checked(value, where, depth + 1)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_checked(value, where, depth + 1) for value in content]
    if isinstance(content, str) and "${" in content:
        if "\\${" in content:
            raise UserError(f"{where} must hold values, but {content[:60]!r} is computed. Restore it.")
        return content.replace("${", "\\${")  # what a run stored is resolved: this is text
    return content


def targets_of(content: Any) -> Iterator[Any]:
    """Give every `_target_` of plain content, at any depth."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "_target_":
                yield value
            else:
                yield from targets_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from targets_of(value)


def checked_target(target: Any, where: object) -> str:
    """Give a target under its present name.

    Raises:
        UserError: If nobody vouches for it.
    """
    if isinstance(target, str) and re.fullmatch(r"\w+(\.\w+)+", target):
        if trusted_names() & {target, target.partition(".")[0]}:
            return target
        module, _, name = target.rpartition(".")
        if target in named_in_conf() or (module in LIBRARIES and _is_part(module, name)):
            return target
        below = target.partition(".")[2]
        own = f"{PACKAGE}.{MOVED.get(below, below)}"
        if own in named_in_conf() or own in _public_modules():
            return own
    raise UserError(
        f"{where} must name targets that are known, but names {str(target)[:80]!r}, which may run any code. "
        f"Add trust=[PACKAGE] if you know it."
    )


@cache
def named_in_conf() -> frozenset[str]:
    """List what the files of `conf/` call, outside of comments."""
    texts = (re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8")) for path in CONF.rglob("*.yaml"))
    return frozenset(name for text in texts for name in re.findall(r"_target_:\s*([\w.]+)", text))


@cache
def _public_modules() -> frozenset[str]:
    """List the network parts among the public names of this package's rooms."""
    from torch import nn

    found = set()
    for room in ROOMS:
        public = import_module(f"{PACKAGE}.{room}")
        for name in public.__all__:
            kind = getattr(public, name)
            if isinstance(kind, type) and issubclass(kind, nn.Module):
                found.add(f"{PACKAGE}.{room}.{name}")
    return frozenset(found)


@cache
def _is_part(module: str, name: str) -> bool:
    """Tell whether a public name of a known library is a class that only computes."""
    from timm.scheduler.scheduler import Scheduler
    from torch.nn import Module
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    kind = getattr(import_module(module), name, None)
    return (
        isinstance(kind, type)
        and issubclass(kind, Module | Optimizer | LRScheduler | Scheduler)
        and kind.__module__.startswith(LIBRARIES[module])
        and kind.__qualname__ == name
    )
