"""A composition -> a run folder with the data read, before anything heavy is imported; then the training."""

from dataclasses import replace
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.data import Samples, Target
from groundwork.run.config.changes import changes
from groundwork.run.config.check import check_combination, check_threshold, derived_choices
from groundwork.run.config.compose import PATH_KEYS, Composition, absolute, compose_run, machine_paths
from groundwork.run.config.like import adopt_split, restore
from groundwork.run.config.own import is_own_task, target_kind
from groundwork.run.config.trust import checked_words
from groundwork.run.door import DONE
from groundwork.run.folder import RunFolder
from groundwork.run.folder.folder import safe_name
from groundwork.run.folder.intact import intact
from groundwork.run.folder.lock import BusyError
from groundwork.run.folder.recorded import work_in
from groundwork.run.folder.saved import has_begun, new_folder, requeued_folder, saved_composition
from groundwork.run.process.ranks import barrier, from_first, in_turns, is_first, join
from groundwork.run.process.team import needs_team, run_team
from groundwork.run.screen import Screen
from groundwork.run.sweep.queue_up import submit_run


def start(composition: Composition) -> int:
    """Train a new run and return the exit status."""
    if composition.config.cluster.kind == "slurm":
        return submit_run(composition, Screen())
    if (folder := requeued_folder(composition)) is not None:
        return resume(str(folder.path), [])
    begin(composition, Screen())
    return DONE


def begin(composition: Composition, screen: Screen) -> RunFolder:
    """Train a new run and return its folder."""
    check_combination(composition)
    config = restore(composition)[0].config if composition.config.like else composition.config
    join(config.trainer.accelerator)
    folder = from_first(lambda: new_folder(composition))
    begin_in(folder, composition, config, screen)
    return folder


def begin_in(folder: RunFolder, composition: Composition, config: DictConfig, screen: Screen) -> None:
    """Train a new run in a folder that holds what `save_start` writes; `config` has what `like` restores."""
    with folder.held(wait=True):
        if needs_team(config):
            run_team(folder, config, ())
        else:
            work_in(folder, config, screen, lambda said: _first(folder, composition, said))


def resume(word: str, changes: list[str]) -> int:
    """Go on with the run that `word` names, where it stopped.

    Args:
        word: A run folder, or `latest`.
        changes: `key=value` words that a resumed run may change.
    """
    folder = RunFolder.find(word, Path(machine_paths(changes).runs))
    try:
        with folder.held(wait=False), intact(folder.path):
            return _go_on(folder, changes, Screen())
    except BusyError as error:
        raise UserError(
            f"run={folder.path} must be at rest, but another process works on it. Wait for it, or stop it."
        ) from error


def _go_on(folder: RunFolder, changes: list[str], screen: Screen) -> int:
    if folder.read_json("result.json").get("status") == "done":
        screen.say(f"{folder.path} is finished already: {folder.path / 'report.html'}")
        return DONE
    composition = None if has_begun(folder) else saved_composition(folder, changes)
    config = folder.config if composition is None else composition.config
    for change in changes:
        key, _, value = change.partition("=")
        if key == "logger":
            config.logger = compose_run([change]).config.logger
            continue
        path = key in PATH_KEYS
        OmegaConf.update(config, key, absolute(value, Path.cwd()) if path else OmegaConf.create([value])[0])
    if needs_team(config):
        run_team(folder, config, changes)
        return DONE
    words = tuple(folder.read_json("environment.json").get("overrides", ()))
    join(config.trainer.accelerator)
    barrier()  # every rank has read the folder before the first one writes into it
    if is_first():
        folder.sweep()

    def work(screen: Screen) -> None:
        if composition is not None:
            return _first(folder, composition, screen)
        samples, target = read_samples(config)
        from groundwork.run.train import train  # torch: not before the data is known to be right

        def choose(scenario: str) -> DictConfig:
            known = checked_words(list(words), folder.path / "environment.json")
            return compose_run(known).choose(transfer=scenario).config

        return train(folder, config, samples, target, screen, words, True, choose)

    work_in(folder, config, screen, work)
    return DONE


def _first(folder: RunFolder, composition: Composition, screen: Screen) -> None:
    """Read the data, complete the configuration by what it tells, and train from the start."""
    changed: set[str] = set()
    if composition.config.like:
        composition, changed = restore(composition)
    config = composition.config
    samples, target = read_samples(config)
    screen.say(target.why)
    if config.like:
        adopt_split(folder, config, samples, changed, screen)
        barrier()
    derived = derived_choices(config, target.task)
    complete = composition.choose(**derived)
    check_combination(complete)
    check_threshold(complete.config, len(target.classes))
    _say_choices(screen, composition, complete)
    folder.write_config(complete.config)
    folder.write_json("result.json", {"changes": changes(complete, derived)})
    from groundwork.run.train import train  # torch: not before the data is known to be right

    def choose(scenario: str) -> DictConfig:
        return complete.choose(transfer=scenario).config

    train(folder, complete.config, samples, target, screen, complete.overrides, False, choose)


def read_samples(config: DictConfig) -> tuple[Samples, Target]:
    """Read the source and find out what is predicted.

    Raises:
        UserError: If the source, its columns or its targets are not what the configuration says.
    """
    with in_turns():
        samples: Samples = instantiate(config.data.reader)
    data = config.data
    target = Target.fit(
        samples.target,
        target_kind(config),
        data.get("positive_class"),
        data.get("positive_above"),
        data.get("classes"),
    )
    if is_own_task(config):
        target = replace(
            target, why=f"{config.task.name}, which reads {config.task.target}, as the task says"
        )
    return samples, target


def _say_choices(screen: Screen, before: Composition, after: Composition) -> None:
    changed = [
        f"{group}={after.choices[group]}"
        for group, option in before.choices.items()
        if option == "auto" and after.choices.get(group) != "auto"
    ]
    if changed:
        screen.say(f"auto: {', '.join(changed)}, monitor={after.config.monitor}")


def advise(composition: Composition, screen: Screen) -> RunFolder:
    """Recommend a transfer scenario for the data and the model of a configuration; the folder has `advice.json`."""
    config = composition.config
    check_combination(composition)
    folder = RunFolder.create(Path(config.paths.runs), safe_name(config.name or "advice"))
    screen.log_to(folder.log)
    samples, target = read_samples(config)
    screen.say(target.why)
    complete = composition.choose(**derived_choices(config, target.task))
    folder.write_config(complete.config)

    def choose(scenario: str) -> DictConfig:
        return complete.choose(transfer=scenario).config

    from groundwork.run.advise import advise_data  # torch: not before the data is known to be right

    advice = advise_data(folder, complete.config, samples, target, screen, choose)
    screen.say(f"take transfer={advice.scenario}; next: {advice.runner_up}   ({folder.path / 'advice.json'})")
    return folder
