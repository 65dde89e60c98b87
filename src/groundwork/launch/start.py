"""A composition -> a run folder with the data read, before anything heavy is imported; then the training."""

import shlex
import time
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.lock import BusyError
from groundwork.core.paths import PATH_KEYS, absolute, machine_paths
from groundwork.core.ranks import barrier, from_first, is_first, join
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.changes import changes
from groundwork.launch.config.check import check_combination, check_threshold, derived_choices
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.config.like import adopt_split, restore
from groundwork.launch.config.trusted import checked_overrides
from groundwork.launch.process.team import needs_team, run_team
from groundwork.launch.recorded import work_in
from groundwork.launch.saved import has_begun, new_folder, saved_composition
from groundwork.train.samples import read_samples


def begin(composition: Composition, console: Console) -> RunFolder:
    """Train a new run and return its folder."""
    check_combination(composition)
    config = restore(composition)[0].config if composition.config.like else composition.config
    join(config.trainer.accelerator)
    folder = from_first(lambda: new_folder(composition))
    begin_in(folder, composition, config, console)
    return folder


def begin_in(folder: RunFolder, composition: Composition, config: DictConfig, console: Console) -> None:
    """Train a new run in a folder that holds what `save_start` writes; `config` has what `like` restores."""
    with folder.held(wait=True):
        if needs_team(config):
            run_team(folder, config, ())
        else:
            work_in(folder, config, console, lambda said: _first(folder, composition, said))


def resume(run: str, changes: list[str]) -> int:
    """Go on with the run that `run` names, where it stopped.

    Args:
        run: A run folder, or `latest`.
        changes: `key=value` overrides that a resumed run may change.
    """
    folder = RunFolder.find(run, Path(machine_paths(changes).runs))
    try:
        with folder.held(wait=False), intact(folder.path):
            return _go_on(folder, changes, Console())
    except BusyError as error:
        raise UserError(
            f"run={folder.path} must be at rest, but another process works on it. Wait for it, or stop it."
        ) from error


def _go_on(folder: RunFolder, changes: list[str], console: Console) -> int:
    if folder.read_json("result").get("status") == "done":
        _check_longer(folder, changes)
        console.say(f"{folder.path} is finished already: {folder.report}")
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
    overrides = tuple(folder.read_json("environment").get("overrides", ()))
    join(config.trainer.accelerator)
    barrier()  # every rank has read the folder before the first one writes into it
    if is_first():
        RunFolder.furnish(folder.path).sweep()  # git and some copies lose folders that are empty

    def work(console: Console) -> None:
        if composition is not None:
            return _first(folder, composition, console)
        began = time.perf_counter()
        samples, target = read_samples(config)
        from groundwork.launch.run import train  # torch: not before the data is known to be right

        def choose(scenario: str) -> DictConfig:
            known = checked_overrides(list(overrides), folder.json_file("environment"))
            return compose_run(known).choose(transfer=scenario).config

        return train(folder, config, samples, target, console, overrides, True, choose, began)

    work_in(folder, config, console, work)
    return DONE


def _check_longer(folder: RunFolder, changes: list[str]) -> None:
    """Say how a finished run is trained longer, where more epochs are asked of it.

    Raises:
        UserError: With the command; the rates of a schedule that has come to its end cannot simply go on.
    """
    asked = [change.partition("=")[2] for change in changes if change.startswith("trainer.max_epochs=")]
    epochs = folder.config.trainer.max_epochs
    if not asked or not asked[-1].isdigit() or int(asked[-1]) <= epochs:
        return
    # A scenario that starts from random weights would not take those of the run.
    scenario = [] if folder.config.transfer.pretrained else ["transfer=large_different"]
    words = [
        f"like={folder.path}",
        f"model.pretrained={folder.path}",
        *scenario,
        f"trainer.max_epochs={asked[-1]}",
    ]
    raise UserError(
        f"run={folder.path} is finished after its {epochs} epochs, and a finished run is not changed. To train longer, "
        f"start a run from its weights: train.py {shlex.join(words)}"
    )


def _first(folder: RunFolder, composition: Composition, console: Console) -> None:
    """Read the data, complete the configuration by what it tells, and train from the start."""
    changed: set[str] = set()
    if composition.config.like:
        composition, changed = restore(composition)
    config, began = composition.config, time.perf_counter()
    samples, target = read_samples(config)
    console.say(target.why)
    if config.like:
        adopt_split(folder, config, samples, changed, console)
        barrier()
    derived = derived_choices(config, target.task)
    complete = composition.choose(**derived)
    check_combination(complete)
    check_threshold(complete.config, len(target.classes))
    typed = changes(complete, derived)
    complete = _monitor_without_units(complete, len(target.names), console)
    _say_choices(console, composition, complete)
    folder.write_config(complete.config)
    folder.write_json("result", {"changes": typed})
    from groundwork.launch.run import train  # torch: not before the data is known to be right

    def choose(scenario: str) -> DictConfig:
        return complete.choose(transfer=scenario).config

    train(folder, complete.config, samples, target, console, complete.overrides, False, choose, began)


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
