"""A folder -> the job of its run, and the function of the script that does it."""

from collections.abc import Sequence

from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.ranks import barrier
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Target
from groundwork.launch.config.changes import changes
from groundwork.launch.config.check import check_combination, check_threshold
from groundwork.launch.config.compose import Composition, compose_run, derived_choices
from groundwork.launch.config.like import adopt_split, restore
from groundwork.launch.config.own import idle_of_own
from groundwork.launch.config.trusted import checked_overrides
from groundwork.launch.face import load_face
from groundwork.launch.process.team import needs_team, run_team
from groundwork.launch.recorded import recorded
from groundwork.train.custom import is_own
from groundwork.train.job import Job, working_on
from groundwork.train.served import check_served


def work(config: DictConfig, job: Job) -> float | None:
    """Call the function of the script, and write down how the run ended; several ranks are processes of their own.

    Args:
        config: Of the run, whose folder this process holds, and has it for the ranks.
        job: Of the run.
    """
    if needs_team(config):
        run_team(job.folder, config)
        return None
    with recorded(job.folder, config, job.console) as job.console, working_on(job):
        face = load_face()
        while True:
            try:
                return face(config)
            except Exception as error:
                if job.run is None:
                    raise
                from groundwork.train.failure import explain_failure  # torch is there by now

                explain_failure(job.run, error)
            # Out of memory, and outside of the handler: the error holds on to what the failed step computed.
            config = begin_again(job)


def begin_again(job: Job) -> DictConfig:
    """Go back to where the phase began, with a smaller batch, and give the configuration to go on with."""
    from groundwork.train.failure import shrink

    shrink(job.run)
    job.resume, job.complete = True, _complete_already
    config: DictConfig = job.run.config
    return config


def first_job(folder: RunFolder, composition: Composition, console: Console) -> tuple[DictConfig, Job]:
    """Say how a run begins: what is `auto` follows from its data."""
    changed: set[str] = set()
    if composition.config.like:
        composition, changed = restore(composition)
    found = [composition]  # with what the data tells

    def complete(config: DictConfig, samples: Samples | None, target: Target | None) -> DictConfig:
        console = job.console
        if target is not None:
            console.say(target.why)
        if config.like and samples is not None:
            adopt_split(folder, config, samples, changed, console)
            barrier()
        own = is_own(config)
        derived = {} if own or target is None else derived_choices(config, target.task)
        chosen = composition.choose(**derived)
        check_combination(chosen)
        typed = changes(chosen, derived)
        if target is not None and not own:
            check_threshold(chosen.config, len(target.classes), len(target.names) * target.has_labels)
            check_served(chosen.config, len(target.classes), None if samples is None else samples.categorical)
            chosen = _monitor_without_units(chosen, len(target.names), console)
        found[0] = chosen
        # With what followed from the data, so that they compose the same anywhere.
        job.overrides = chosen.overrides
        _say_choices(console, composition, chosen)
        if idle := idle_of_own(chosen.config, chosen.overrides):
            console.note(
                f"{', '.join(idle)}: no effect on this run, whose data or task is a module of your own"
            )
        folder.write_config(chosen.config)
        folder.write_json("result", {"changes": typed})
        return chosen.config

    job = Job(
        folder, console, composition.overrides, False, complete,
        lambda scenario: found[0].choose(transfer=scenario).config,
    )  # fmt: skip
    return composition.config, job


def next_job(
    folder: RunFolder, config: DictConfig, overrides: Sequence[str], console: Console
) -> tuple[DictConfig, Job]:
    """Say how a run goes on from its own configuration.

    Args:
        config: Of the run, with what is changed on resume.
        overrides: That it was composed of, and those changes.
    """

    def choose(scenario: str) -> DictConfig:
        known = checked_overrides(list(overrides), folder.json_file("environment"))
        return compose_run(known).choose(transfer=scenario).config

    return config, Job(folder, console, tuple(overrides), True, _complete_already, choose)


def _complete_already(config: DictConfig, samples: Samples | None, target: Target | None) -> DictConfig:
    """Leave a configuration in which every choice was made as it is."""
    return config


def _monitor_without_units(composition: Composition, num_targets: int, console: Console) -> Composition:
    """Let r2 choose where several targets have units that rmse, the default, would mix."""
    config, named = composition.config, {override.partition("=")[0] for override in composition.overrides}
    if num_targets < 2 or config.monitor != "rmse" or "monitor" in named:
        return composition
    console.say(f"monitor=r2, the mean over {num_targets} targets: rmse would mix their units")
    return compose_run([*composition.overrides, "monitor=r2"])


def _say_choices(console: Console, before: Composition, after: Composition) -> None:
    changed = [
        f"{group}={after.choices[group]}"
        for group, option in before.choices.items()
        if option == "auto" and after.choices.get(group) != "auto"
    ]
    if changed:
        console.say(f"auto: {', '.join(changed)}, monitor={after.config.monitor}")
