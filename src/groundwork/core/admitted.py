"""Packages and targets that a user vouches for, by `trust=[package]` or by typing them -> trusted in this process."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.variables import TRUST

_admitted: set[str] = set()


def admit(packages: Sequence[str]) -> None:
    """Trust every target of some packages for the rest of this process; `pickle` lets tables be read that are one.

    Raises:
        UserError: If a name is not that of a package.
    """
    for package in packages:
        if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", package):
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


def targets_of(content: Any, named: str = "_target_") -> Iterator[Any]:
    """Give every `_target_` of plain content, at any depth."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == named:
                yield value
            else:
                yield from targets_of(value, named)
    elif isinstance(content, list):
        for value in content:
            yield from targets_of(value, named)
