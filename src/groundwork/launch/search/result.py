"""Finished trials -> search.json, the best configuration as an experiment, and the report of the search."""

import shlex
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import yaml
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial, TrialState

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.core.redact import redact, redact_text
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.compare import correct_best
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.config.searchpath import searchpath_overrides
from groundwork.launch.search.check import trial_overrides
from groundwork.launch.search.study import Study
from groundwork.report import write_report
from groundwork.report.next_step import command
from groundwork.report.number import show, show_interval
from groundwork.report.page import shown_path
from groundwork.report.search import write_search

# What belongs to one run or one machine is no part of an experiment.
LEFT_OUT = ("paths", "logger", "report", "cluster", "experiment", "search", "debug", "name", "tags")


def conclude(study: Study, base: Composition, asked: Composition, console: Console) -> bool:
    """Write what the search found and say how to go on; tell whether any trial is whole."""
    trials = study.trials()
    whole = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    count = Counter(trial.state.name.lower() for trial in trials)
    console.say(", ".join(f"{number} {state}" for state, number in count.items()))
    best = study.study.best_trial if whole else None
    found = _describe(study, base, asked, trials, best)
    if best is not None:
        corrected = _corrected(study, whole, best)
        experiment = _write_experiment(study, base, best)
        again = command("train.py", "-m", f"experiment={experiment.stem}", "seed=0,1,2", *_places(asked))
        copied = shlex.join(["cp", shown_path(experiment), "conf/experiment/"])
        found |= {"corrected": corrected, "next": f"{copied} && {again}"}
    with locked(study.place / "conclude.lock"):
        RunFolder(study.place).write_json("search", found)
        write_search(study.place)
    if best is None:
        console.say("no trial completed; see the messages above and report.html", style="red")
        return False
    if not RunFolder(study.path(best.number)).report.exists():
        write_report(study.path(best.number))
    console.say(
        f"best    {_told(base.config.monitor, best.value, corrected)}, trial {best.number}: {study.path(best.number)}"
    )
    console.say(f"report  {shown_path(RunFolder(study.place).report)}")
    console.say(f"trials  pip install optuna-dashboard && {_dashboard(study)}")
    console.say(f"next    {found['next']}")
    return True


def _write_experiment(study: Study, base: Composition, best: FrozenTrial) -> Path:
    name = f"{study.place.name}-best".replace("-", "_")
    file = study.place / f"{name}.yaml"
    write_text(file, best_experiment(study, base, best, name))
    return file


def _corrected(study: Study, whole: list[FrozenTrial], best: FrozenTrial) -> dict[str, Any] | None:
    """Take the choosing out of the best value; None where that cannot be done."""
    try:
        return correct_best(
            [RunFolder(study.path(trial.number)) for trial in whole], RunFolder(study.path(best.number))
        )
    except UserError:  # a module of one's own, or a trial whose predictions were removed
        return None


def _told(monitor: str, value: float | None, corrected: dict[str, Any] | None) -> str:
    told = f"{monitor} {show(value)} on val, the best of many"
    return (
        f"{told} and not corrected" if corrected is None else f"{told}; corrected {show_interval(corrected)}"
    )


def _places(asked: Composition) -> list[str]:
    return [one for one in asked.overrides if one.startswith("paths.")]


def best_experiment(study: Study, base: Composition, best: FrozenTrial, name: str) -> str:
    """Write the best trial as a file for conf/experiment: its choices, and the keys that differ from theirs."""
    composition = compose_run(trial_overrides(base, best.user_attrs["values"]))
    searched = searchpath_overrides(composition.overrides)
    usual = compose_run(searched).choices
    chosen = {
        group: option
        for group, option in composition.choices.items()
        if not group.startswith("hydra/") and group not in LEFT_OUT and usual.get(group) != option
    }
    plain = compose_run([*searched, *(f"{group}={option}" for group, option in chosen.items())])
    own, other = (OmegaConf.to_container(one.config, resolve=False) for one in (composition, plain))
    content = _difference(own, other)
    whole = sum(trial.state == TrialState.COMPLETE for trial in study.trials())
    head = [
        "# @package _global_",
        f"# The best of {whole} trials of a search over {', '.join(best.user_attrs['values'])}.",
        f"# command   uv run scripts/train.py experiment={name}",
        f"# expected  {base.config.monitor} on val {best.value:.5g} (seed {base.config.seed}); chosen as the best of "
        f"many, so a little too good",
        f"# source    {study.place.name}, trial {best.number}",
    ]
    defaults = {"defaults": [{f"override /{group}": option} for group, option in chosen.items()]}
    parts = [defaults, content] if content else [defaults]
    texts = [yaml.safe_dump(redact(part), sort_keys=False, allow_unicode=True) for part in parts]
    return "\n".join(head) + "\n" + "\n".join(texts)


def _difference(own: Any, other: Any) -> dict[str, Any]:
    """Keep the keys whose values differ; a list counts as one value."""
    found = {}
    for key, value in own.items():
        if key in LEFT_OUT:
            continue
        before = other.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := _difference(value, before):
                found[key] = inner
        elif key not in other or value != before:
            found[key] = value
    return found


def _describe(
    study: Study, base: Composition, asked: Composition, trials: list[FrozenTrial], best: FrozenTrial | None
) -> dict[str, Any]:
    return {
        "name": study.place.name,
        "space": asked.choices["search"],
        "around": asked.choices.get("experiment") or asked.choices["data"],
        "monitor": base.config.monitor,
        "direction": "max" if study.study.direction.name == "MAXIMIZE" else "min",
        "sampler": study.search.sampler,
        "total": study.total,
        "best": None if best is None else best.number,
        "importance": importance(study),
        "dashboard": redact_text(_dashboard(study)),
        "trials": [_entry(study, trial) for trial in trials],
    }


def _entry(study: Study, trial: FrozenTrial) -> dict[str, Any]:
    took = trial.duration
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "values": trial.user_attrs.get("values", {}),
        "reason": trial.user_attrs.get("reason"),
        "seconds": None if took is None else took.total_seconds(),
        "folder": study.path(trial.number).name,
    }


def importance(study: Study) -> dict[str, float]:
    """Tell what share of the variation of the score each key explains; empty where there is too little to tell."""
    values = {trial.value for trial in study.trials() if trial.state == TrialState.COMPLETE}
    if len(values) < 2:
        return {}
    with warnings.catch_warnings():
        # Few trials where a conditional key took part: the report calls every importance a rough guide.
        warnings.filterwarnings("ignore", message="Some regimes for parameter")
        try:
            return dict(optuna.importance.get_param_importances(study.study))
        except (ValueError, RuntimeError):
            return {}  # none varied


def _dashboard(study: Study) -> str:
    storage: str | Path = study.search.storage or study.place / "study.journal"
    return f"optuna-dashboard {shlex.quote(str(storage))}"
