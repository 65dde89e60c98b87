"""Configurations that arrive as data, in a run folder or a checkpoint -> checked before anything is built from them.

`_target_` may call anything that can be imported. Here it may name what the shipped `conf/` names, the modules of
this package and of the clone's own, and layers, transforms, optimizers, schedules and metrics of libraries; nothing
else is even imported. Callbacks and loggers, which only training builds, may be unknown: they are kept under another
key.
"""

import re
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.admitted import targets_of, trusted_names
from groundwork.core.errors import UserError
from groundwork.core.lazy import find_object
from groundwork.core.older import MOVED, translated_config
from groundwork.core.older_logger import logger_of_today
from groundwork.core.own import is_there, own_packages, own_target
from groundwork.core.paths import CONF
from groundwork.core.paths import ENGINE as PACKAGE

ROOMS = ("data", "loss", "metrics", "model", "optim", "task", "transfer")
# Public names of these modules, where they are classes of the kind on the right, made by the package itself.
LIBRARIES: dict[str, str | tuple[str, ...]] = {
    "lightning.pytorch.callbacks": "lightning.pytorch.callbacks.",
    "torch.nn": "torch.nn.modules.",
    "torch.optim": "torch.optim.",
    "torch.optim.lr_scheduler": "torch.optim.lr_scheduler",
    "torchvision.models": "torchvision.models.",
    "torchvision.ops": "torchvision.ops.",
    "torchvision.transforms": "torchvision.transforms.transforms",
    "torchvision.transforms.v2": "torchvision.transforms.v2.",
    "timm.layers": "timm.layers.",
    "timm.models": "timm.models.",
    "timm.optim": "timm.optim.",
    "timm.scheduler": "timm.scheduler.",
    "lightning.pytorch.loggers": "lightning.pytorch.loggers.",
    "torchmetrics": ("torchmetrics.classification.", "torchmetrics.regression."),
    "torchmetrics.classification": "torchmetrics.classification.",
    "torchmetrics.regression": "torchmetrics.regression.",
}
MAX_DEPTH = 30
ONLY_TRAINED = ("callbacks", "logger")  # never built from a run folder to predict, export or evaluate
# In place of the `_target_` of such a part that nobody vouches for: nothing builds it.
UNTRUSTED = "_untrusted_"


def checked_config(content: Any, where: object) -> DictConfig:
    """Build a configuration from plain content that nobody vouches for.

    Targets of this package are found under its present name, whatever it was called when the run was made.

    Args:
        content: Mappings, lists and plain values.
        where: It comes from, for the message.

    Raises:
        UserError: If it names a target that is not known, computes values, or is nested too deeply.
    """
    if not isinstance(content, dict):
        raise UserError(f"{where} must hold keys and values. Restore it.")
    config: dict[Any, Any] = {}
    for item in content.items():
        config |= [_checked_item(item, where, 0, item[0] in ONLY_TRAINED)]
    config = translated_config(logger_of_today(config))
    data = config.get("data")
    if isinstance(data, dict) and "pickle" not in trusted_names():
        for part in (data, data.get("reader")):
            if isinstance(part, dict) and "trust_pickle" in part:
                part["trust_pickle"] = False
    try:
        return OmegaConf.create(config)
    except Exception as error:  # keys that are neither text nor numbers, and whatever else a file may hold
        raise UserError(f"{where} must hold plain keys and values, but: {error}. Restore it.") from error


def refuse_untrusted(config: DictConfig, where: object) -> None:
    """Refuse to train by a configuration of which a callback or logger is not known.

    Raises:
        UserError: With the target, and how to trust it.
    """
    groups = [OmegaConf.to_container(config[group]) for group in ONLY_TRAINED if config.get(group)]
    for target in targets_of(groups, UNTRUSTED):
        checked_target(target, where)


def _checked(content: Any, where: object, depth: int, is_only_trained: bool) -> Any:
    if depth > MAX_DEPTH:
        raise UserError(f"{where} must be nested at most {MAX_DEPTH} deep, but is deeper. Restore it.")
    if isinstance(content, dict):
        return dict(_checked_item(item, where, depth, is_only_trained) for item in content.items())
    if isinstance(content, list | tuple):
        return [_checked(value, where, depth + 1, is_only_trained) for value in content]
    if isinstance(content, str) and "${" in content:
        if "\\${" in content:
            raise UserError(f"{where} must hold values, but {content[:60]!r} is computed. Restore it.")
        return content.replace("${", "\\${")  # what a run stored is resolved: this is text
    return content


def _checked_item(item: tuple[Any, Any], where: object, depth: int, is_only_trained: bool) -> tuple[Any, Any]:
    key, value = item
    if key != "_target_":
        return key, _checked(value, where, depth + 1, is_only_trained)
    try:
        return key, checked_target(value, where)
    except UserError:
        if not is_only_trained:
            raise
        return UNTRUSTED, str(value)


def checked_target(target: Any, where: object) -> str:
    """Give a target under its present name.

    Raises:
        UserError: If nobody vouches for it.
    """
    if isinstance(target, str) and re.fullmatch(r"\w+(\.\w+)+", target):
        if target in trusted_names():
            return target
        own = own_target(target)
        package = own.partition(".")[0]
        if package in (trusted_names() | own_packages()) - {"pickle"}:
            # In the first edition the engine may have had the name that one's own package has today.
            if not is_there(own) and (engine := _engine_target(target)):
                return engine
            _check_home(own, package, where)
            return own
        module, _, name = target.rpartition(".")
        if target in named_in_conf() or (module in LIBRARIES and _is_part(module, name)):
            return target
        if engine := _engine_target(target):
            return engine
    raise UserError(
        f"{where} must name targets that are known, but names {str(target)[:80]!r}, which may run any code. "
        f"Add trust=[PACKAGE] if you know it."
    )


def _engine_target(target: str) -> str | None:
    """Find a part of this package by its name below a package, which the first edition renamed with the clone."""
    below = target.partition(".")[2]
    name = MOVED.get(below, f"{PACKAGE}.{below}")
    return name if name in named_in_conf() or name in _public_modules() else None


def _check_home(target: str, package: str, where: object) -> None:
    """Refuse what a trusted package only passes on, such as `birds.os.system`."""
    try:
        found = find_object(target)
    except Exception as error:  # whatever a module of a colleague's raises
        raise UserError(f"{where} names {target}, but it cannot be imported: {error}.") from error
    home = found.__name__ if isinstance(found, ModuleType) else getattr(found, "__module__", None)
    if str(home).partition(".")[0] != package:
        raise UserError(
            f"{where} names {target}, which must be defined in {package}, but is defined in {home}. "
            f"Add trust=[{target}] if you know it."
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
    """Tell whether a public name of a known library is a class of a kind that a run may build."""
    from timm.scheduler.scheduler import Scheduler
    from torch.nn import Module
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    kinds: tuple[type, ...] = (Module, Optimizer, LRScheduler, Scheduler)
    if module.startswith("lightning"):  # three seconds, so only where one is named
        from lightning.pytorch import Callback
        from lightning.pytorch.loggers import Logger

        kinds = (Callback, Logger)
    kind = getattr(import_module(module), name, None)
    return (
        isinstance(kind, type)
        and issubclass(kind, kinds)
        and kind.__module__.startswith(LIBRARIES[module])
        and kind.__qualname__ == name
    )
