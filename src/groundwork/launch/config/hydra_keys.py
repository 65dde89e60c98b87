"""What overrides and their experiment say of Hydra's own part -> nothing, or the key that groundwork decides."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob
from hydra.errors import HydraException

from groundwork.core.paths import CONF, leaves
from groundwork.launch.config.documented import read_file
from groundwork.launch.config.flags import refuse_unheard
from groundwork.launch.config.searchpath import searched_folders


def refuse_hydra_keys(overrides: Sequence[str]) -> None:
    """Refuse keys of Hydra that groundwork decides or nothing reads, typed or written into a chosen experiment.

    Hydra acts on them before it hands a configuration over: it makes folders, for example.

    Raises:
        UserError: With the key and what to use instead.
    """
    for key in typed_values(overrides):
        refuse_unheard(key)
    for name in _chosen(overrides):
        content = _read(name, overrides)
        groups = [group for group, _ in _overridden(content) if group.startswith("hydra/")]
        for key in [*dict(leaves(content.get("hydra") or {}, "hydra")), *groups]:
            refuse_unheard(key, f"experiment={name}: ")


def hydra_values(overrides: Sequence[str]) -> dict[str, Any]:
    """Give what the chosen experiment and then the overrides say of Hydra's own keys: dotted key -> value."""
    return dict(leaves(experiment_of(overrides).get("hydra") or {}, "hydra")) | typed_values(overrides)


def experiment_of(overrides: Sequence[str]) -> dict[str, Any]:
    """Read the file of the chosen experiment; empty where there is none, or more than one."""
    chosen = _chosen(overrides)
    return _read(chosen[0], overrides) if len(chosen) == 1 else {}


def overridden(content: Mapping[str, Any], group: str) -> list[str]:
    """Give the options by which the defaults of an experiment replace that of one of Hydra's groups."""
    return [option for found, option in _overridden(content) if found == group]


def typed_values(overrides: Sequence[str]) -> dict[str, Any]:
    """Give the values of Hydra's own keys and groups among overrides."""
    found: dict[str, Any] = {}
    for override in overrides:
        if re.match(r"[+~]*hydra\b", override):
            with suppress(HydraException):  # which Hydra says better
                parsed = OverridesParser.create().parse_override(override)
                value = parsed.get_value_element_as_str() if parsed.is_sweep_override() else parsed.value()
                found |= leaves(value, parsed.key_or_group)
    return found


def _chosen(overrides: Sequence[str]) -> list[str]:
    """Name the experiments that a run or a sweep may compose."""
    typed = [one.lstrip("+") for one in overrides if one.lstrip("+").startswith("experiment=")]
    if not typed:
        return []
    try:
        parsed = OverridesParser.create().parse_override(typed[-1])
    except HydraException:
        return []
    value = parsed.value()
    if isinstance(value, Glob):
        folders = [CONF, *searched_folders(overrides)]
        return value.filter(
            sorted(path.stem for folder in folders for path in folder.glob("experiment/*.yaml"))
        )
    if parsed.is_discrete_sweep():
        return list(parsed.sweep_string_iterator())
    return [str(value)]


def _read(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    for folder in [CONF, *searched_folders(overrides)]:
        path = folder / "experiment" / f"{name}.yaml"
        if path.is_file():
            return read_file(path)[0]
    return {}


def _overridden(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the groups that the defaults of an experiment name, each with its option."""
    for one in content.get("defaults") or []:
        for key, option in one.items() if isinstance(one, dict) else ():
            yield str(key).removeprefix("override").strip().lstrip("/"), str(option)
