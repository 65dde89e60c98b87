"""A space and a configuration -> trials, the best of them as an experiment, and a report of what mattered."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.run.config.check import check_combination, derived_choices
from groundwork.run.config.compose import Composition, compose_run, options
from groundwork.run.door import DONE, FAILED
from groundwork.run.folder import safe_name, write_text
from groundwork.run.folder.conceal import conceal
from groundwork.run.process.child import SWEEP
from groundwork.run.screen import Screen
from groundwork.run.search.check import check_installed, check_numbers, check_space
from groundwork.run.search.space import Space
from groundwork.run.start import read_samples

# What may differ when the same search goes on: how much, where and by whom.
MAY_CHANGE = ("trials", "workers", "storage", "lease", "tries", "prune", "warmup")
PLACES = ("paths", "logger", "report", "cluster", "tags", "name", "search")


def start(composition: Composition, worker: bool) -> int:
    """Search, or go on with a search.

    Args:
        composition: Of all words, the search's own included.
        worker: Whether another process checks, watches and concludes.

    Returns:
        0 where at least one trial is whole; 1 where none is.
    """
    if "search" not in composition.choices:
        raise UserError(f"search= must name a space. Choose one of: {', '.join(options('search'))}.")
    check_installed()
    screen = Screen()
    search, typed = composition.config.search, _own_words(composition.overrides)
    base = _complete(compose_run(typed), screen)
    space = Space(OmegaConf.to_container(search.space, resolve=True), base.choices)  # type: ignore[arg-type]
    if not worker:
        check_numbers(search)
        check_space(space, base, typed)
    from groundwork.run.search.sampler import build_sampler  # optuna: not before the words are understood

    sampler = build_sampler(search.sampler, space, search.seed, search.startup)
    job = None
    if composition.config.cluster.kind == "slurm" and not worker:
        from groundwork.run.search.jobs import check_queue

        job = check_queue(composition.overrides)
    place = Path(base.config.paths.runs) / search_name(composition)
    os.environ[SWEEP] = place.name  # no trial can seal the test
    _remember(place, search, base)
    from groundwork.run.search.study import Study

    study = Study(place, search, space, sampler, _direction(base.config))
    if worker:
        return _work(study, base, screen)
    _run(study, base, composition, job, screen)
    from groundwork.run.search.result import conclude

    return DONE if conclude(study, base, composition, screen) else FAILED


def _run(study: Any, base: Composition, asked: Composition, job: DictConfig | None, screen: Screen) -> None:
    """Run trials here, in processes of this machine or, with the configuration of a job, in Slurm's queue."""
    if job is not None:
        from groundwork.run.search.jobs import run_jobs

        run_jobs(asked.overrides, job, study, base.config.monitor, screen)
    elif study.search.workers > 1:
        from groundwork.run.search.workers import run_workers

        run_workers(asked.overrides, study.search.workers, study, screen)
    else:
        _work(study, base, screen)


def _work(study: Any, base: Composition, screen: Screen) -> int:
    from groundwork.run.search.worker import work  # optuna

    work(study, base, screen)
    return DONE


def search_name(composition: Composition) -> str:
    """Name the folder of a search."""
    choices = composition.choices
    around = choices.get("experiment") or choices["data"]
    return safe_name(str(composition.config.name or f"{choices['search']}-{around}"))


def _own_words(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.lstrip("+~").startswith(("search=", "search."))]


def _complete(composition: Composition, screen: Screen) -> Composition:
    check_combination(composition)
    _, target = read_samples(composition.config)
    screen.say(target.why)
    complete = composition.choose(**derived_choices(composition.config, target.task))
    check_combination(complete)
    return complete


def _direction(config: DictConfig) -> str:
    direction: str = instantiate(config.metrics).direction(config.monitor)
    return direction


def _remember(place: Path, search: DictConfig, base: Composition) -> None:
    """Write what is searched, or refuse to go on with a search of something else."""
    place.mkdir(parents=True, exist_ok=True)
    content: Any = {
        "search": OmegaConf.to_container(search, resolve=True),
        "around": OmegaConf.to_container(base.config, resolve=True),
    }
    content = conceal(content)
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
