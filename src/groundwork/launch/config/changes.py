"""A composition -> what was set otherwise than the experiment, or the plain choice of data, has it."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, MissingMandatoryValue

from groundwork.core.paths import CONF
from groundwork.launch.config.compose import Composition, compose_choices, compose_run
from groundwork.launch.config.searchpath import searchpath_overrides

T = TypeVar("T")
BASE = ("experiment", "data")  # the first of these that was chosen says what is compared with
LEFT_OUT = ("paths.", "like")  # where a run lies is no part of what it is


def changes(run: Composition, derived: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """Compare a complete composition with what its experiment or its data alone would compose.

    Args:
        run: With every `auto` chosen.
        derived: What `auto` means for it, as for the base of the comparison.

    Returns:
        Group or dotted key -> [default, value]; the keys of another option are compared with those that the option has
        of itself.
    """
    overrides = [override for override in run.overrides for group in BASE if override.startswith(f"{group}=")]
    chosen = [override for override in overrides if override.startswith("experiment=")] or overrides
    chosen = [*searchpath_overrides(run.overrides), *chosen]
    chosen = [*_derived_overrides(_remembered(compose_choices, chosen), derived), *chosen]
    plain = _remembered(compose_choices, chosen)
    groups = {
        group: [plain.get(group), option]
        for group, option in run.choices.items()
        if not group.startswith("hydra/") and plain.get(group) != option
    }
    added = {override.partition("=")[0] for override in run.overrides if override.startswith("+")}
    options = [
        f"{'+' if f'+{group}' in added else ''}{group}={option}"
        for group, (_, option) in groups.items()
        if group not in BASE
    ]
    base = _remembered(_values, [*chosen, *options])
    keys = {
        key: [base.get(key), value]
        for key, value in flat(run.config).items()
        if base.get(key) != value and not key.startswith(LEFT_OUT)
    }
    return groups | _without_repeats(keys)


def _values(overrides: Sequence[str]) -> dict[str, Any]:
    return flat(compose_run(overrides).config)


def _remembered(compose: Callable[[Sequence[str]], T], overrides: Sequence[str]) -> T:
    """Compose what a run is compared with once for all runs of this process, as long as no file of `conf/` changes."""
    if searchpath_overrides(overrides):
        return compose(overrides)
    files = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in CONF.rglob("*.yaml")))
    found: T = _composed(compose, tuple(overrides), Path.cwd(), files)
    return found


@lru_cache(maxsize=16)
def _composed(compose: Callable[[Sequence[str]], Any], overrides: tuple[str, ...], *_: Hashable) -> Any:
    return compose(overrides)


def _derived_overrides(choices: Mapping[str, str], derived: Mapping[str, str | None]) -> list[str]:
    return [
        f"{group}={option}" for group, option in derived.items() if option and choices.get(group) == "auto"
    ]


def _without_repeats(keys: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out what an interpolation repeats deeper down, such as data.reader.root beside data.root."""
    kept: dict[str, list[Any]] = {}
    for key in sorted(keys, key=lambda key: key.count(".")):
        last = key.rpartition(".")[2]
        if not any(other.rpartition(".")[2] == last and kept[other] == keys[key] for other in kept):
            kept[key] = keys[key]
    return kept


def flat(config: DictConfig) -> dict[str, Any]:
    """Give every leaf of a configuration by its dotted key; lists are leaves, what must yet be given is None."""
    return dict(_leaves(config, ""))


def _leaves(node: DictConfig, path: str) -> Iterator[tuple[str, Any]]:
    for name in node:  # a number, too, as in {0: 2}
        key = f"{path}.{name!s}" if path else str(name)
        try:
            value = node[name]
        except (MissingMandatoryValue, InterpolationToMissingValueError):
            yield key, None
            continue
        if isinstance(value, DictConfig) and len(value):
            yield from _leaves(value, key)
        else:
            yield key, OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
