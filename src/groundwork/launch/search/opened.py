"""A space and a configuration -> the study that every worker of a search shares, begun or gone on with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.redact import redact
from groundwork.core.run_folder import safe_name
from groundwork.core.variables import SWEEP
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.search.check import check_numbers, check_space
from groundwork.launch.search.sampler import build_sampler
from groundwork.launch.search.space import Space
from groundwork.launch.search.study import Study
from groundwork.train.custom import is_own, own_direction
from groundwork.train.samples import read_samples

# What may differ when the same search goes on: how much, where and by whom.
MAY_CHANGE = ("trials", "workers", "storage", "lease", "tries", "prune", "warmup")
PLACES = ("paths", "logger", "report", "cluster", "tags", "name", "search")


@dataclass(frozen=True)
class Opened:
    """Hold a search that is under way.

    Attributes:
        study: Its trials.
        base: The configuration that is searched around, complete.
    """

    study: Study
    base: Composition


def open_search(composition: Composition, worker: bool, console: Console) -> Opened:
    """Begin a search, or go on with one.

    Args:
        composition: Of all overrides, the search's own included.
        worker: Whether another process has checked the space already.

    Raises:
        UserError: If the space makes no sense, or the folder holds another search.
    """
    search, typed = composition.config.search, _without_search(composition.overrides)
    base = _complete(compose_run(typed), console)
    space = Space(OmegaConf.to_container(search.space, resolve=True), base.choices)  # type: ignore[arg-type]
    if not worker:
        check_numbers(search)
        check_space(space, base, typed)
    sampler = build_sampler(search.sampler, space, search.seed, search.startup)
    place = Path(base.config.paths.runs) / search_name(composition)
    os.environ[SWEEP] = place.name  # no trial can seal the test
    _remember(place, search, base)
    return Opened(Study(place, search, space, sampler, _direction(base.config)), base)


def search_name(composition: Composition) -> str:
    """Name the folder of a search."""
    choices = composition.choices
    around = choices.get("experiment") or choices["data"]
    return safe_name(str(composition.config.name or f"{choices['search']}-{around}"))


def _without_search(overrides: Sequence[str]) -> list[str]:
    return [
        override for override in overrides if not override.lstrip("+~").startswith(("search=", "search."))
    ]


def _complete(composition: Composition, console: Console) -> Composition:
    check_combination(composition)
    if is_own(composition.config):
        return composition
    _, target = read_samples(composition.config)
    console.say(target.why)
    complete = composition.derive(target.task)
    check_combination(complete)
    return complete


def _direction(config: DictConfig) -> str:
    if is_own(config):
        return own_direction(config)
    direction: str = instantiate(config.metrics).direction(config.monitor)
    return direction


def _remember(place: Path, search: DictConfig, base: Composition) -> None:
    """Write what is searched, or refuse to go on with a search of something else."""
    place.mkdir(parents=True, exist_ok=True)
    content: Any = {
        "search": OmegaConf.to_container(search, resolve=True),
        "around": OmegaConf.to_container(base.config, resolve=True),
    }
    content = redact(content)
    file = place / "search.yaml"
    if file.exists():
        before = yaml.safe_load(file.read_text(encoding="utf-8"))
        if changed := _changed(before, content):
            raise UserError(
                f"{place} must hold the search that is asked for, but {changed} differs from when it began. "
                f"Give the new search a name=NAME of its own."
            )
    write_text(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _changed(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Name the first key that two searches differ in."""
    for part, left_out in (("search", MAY_CHANGE), ("around", PLACES)):
        for key in dict.fromkeys([*before[part], *now[part]]):
            if key not in left_out and before[part].get(key) != now[part].get(key):
                return f"search.{key}" if part == "search" else key
    return None
