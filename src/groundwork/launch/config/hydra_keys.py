"""What overrides and their experiment say of Hydra's own part -> nothing, or the key that groundwork decides."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from groundwork.core.paths import CONF
from groundwork.core.quote import split_values
from groundwork.launch.config.documented import read_file
from groundwork.launch.config.flags import refuse
from groundwork.launch.config.searchpath import searched_folders


def refuse_hydra_keys(overrides: Sequence[str]) -> None:
    """Refuse keys of Hydra that groundwork decides, typed as mappings or written into the chosen experiment.

    Hydra acts on them before it hands a configuration over: it makes folders, for example.

    Raises:
        UserError: With the key and what to use instead.
    """
    for override in overrides:
        if override.lstrip("+").startswith("hydra") and "{" in override:
            with suppress(HydraException):  # which Hydra says better
                parsed = OverridesParser.create().parse_override(override)
                for key in _keys(parsed.key_or_group, parsed.value()):
                    refuse(key)
    for name in _chosen(overrides):
        content = _read(name, overrides)
        groups = [group for group, _ in _overridden(content)]
        for key in [*_keys("hydra", content.get("hydra")), *groups]:
            refuse(key, f"experiment={name}: ")


def experiment_of(overrides: Sequence[str]) -> dict[str, Any]:
    """Read the file of the chosen experiment; empty where there is none, or more than one."""
    chosen = _chosen(overrides)
    return _read(chosen[0], overrides) if len(chosen) == 1 else {}


def overridden(content: Mapping[str, Any], group: str) -> list[str]:
    """Give the options by which the defaults of an experiment replace that of one of Hydra's groups."""
    return [option for found, option in _overridden(content) if found == group]


def _chosen(overrides: Sequence[str]) -> list[str]:
    """Name the experiments that a run or a sweep may compose."""
    typed = [one.partition("=")[2] for one in overrides if one.lstrip("+").startswith("experiment=")]
    return [one.strip() for one in split_values(typed[-1])] if typed else []


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


def _keys(key: str, value: Any) -> Iterator[str]:
    yield key
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(f"{key}.{name}", inner)
