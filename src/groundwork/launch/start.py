"""A composition or a folder -> a run that begins or goes on, here or by ranks on this machine."""

import shlex
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.lock import BusyError
from groundwork.core.paths import machine_paths
from groundwork.core.ranks import barrier, from_first, is_first, join
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import refuse_untrusted
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import Composition, absolute_override
from groundwork.launch.config.resumed import changed, joined
from groundwork.launch.process.team import needs_team
from groundwork.launch.recorded import removed_if_refused, unless_refused
from groundwork.launch.saved import has_begun, keep_changes, new_folder, save_start, saved_composition
from groundwork.launch.work import first_job, next_job, work
from groundwork.train.custom import is_own

# Folder, configuration and what writes it down -> the exit status once a job waits in the queue.
Submit = Callable[[RunFolder, DictConfig, Callable[[], None], Console], int]


def begin(composition: Composition, console: Console) -> RunFolder:
    """Train a new run and return its folder."""
    check_combination(composition)
    join(composition.config.trainer.accelerator)
    folder = from_first(lambda: new_folder(composition))
    with removed_if_refused(folder), folder.held(wait=True):
        work(*first_job(folder, composition, console))
    return folder


def resume(run: str, changes: Sequence[str], submit: Submit | None = None) -> int:
    """Go on with the run that `run` names, where it stopped.

    Args:
        run: A run folder, or `latest`.
        changes: Overrides that a resumed run may change.
        submit: Hands the run to the queue of a cluster where the changes choose one.
    """
    folder = RunFolder.find(run, Path(machine_paths(changes).runs))
    try:
        with folder.held(wait=False), intact(folder.path):
            return _go_on(folder, changes, submit, Console())
    except BusyError as error:
        raise UserError(
            f"run={folder.path} must not be in use, but another process is working on it. Wait for it, or stop it."
        ) from error


def _go_on(folder: RunFolder, changes: Sequence[str], submit: Submit | None, console: Console) -> int:
    if folder.read_json("result").get("status") == "done":
        _check_longer(folder, changes)
        console.say(f"{folder.path} is finished already: {folder.report}")
        return DONE
    refuse_untrusted(folder.config, folder.config_file)
    if begun := has_begun(folder):
        overrides = folder.read_json("environment").get("overrides", ())
        after = changed(folder.config, changes, overrides)
        typed = joined(overrides, [absolute_override(change, after) for change in changes])
        config, job = next_job(folder, after, typed, console)
        keep = partial(keep_changes, folder, config, typed)
    else:
        composition = saved_composition(folder, changes)
        config, job = first_job(folder, composition, console)
        keep = partial(save_start, folder, composition)
    if submit and config.cluster.kind == "slurm" and any(change.startswith("cluster=") for change in changes):
        return submit(folder, config, keep, console)
    needs_team(config)  # refuses devices that cannot be
    join(config.trainer.accelerator)
    barrier()  # every rank has read the folder before the first one writes into it
    with unless_refused(folder) if begun else nullcontext():  # a job's first start says how it ended
        if is_first():
            RunFolder.furnish(folder.path).sweep()  # git and some copies lose folders that are empty
            if changes:
                keep()
        work(config, job)
    return DONE


def _check_longer(folder: RunFolder, changes: Sequence[str]) -> None:
    """Say how a finished run is trained longer, where more epochs are asked of it.

    Raises:
        UserError: With the command; the rates of a schedule that has come to its end cannot simply go on.
    """
    asked = [change.partition("=")[2] for change in changes if change.startswith("trainer.max_epochs=")]
    epochs = folder.config.trainer.max_epochs
    if not asked or not asked[-1].isdigit() or int(asked[-1]) <= epochs:
        return
    if is_own(folder.config):
        raise UserError(
            f"run={folder.path} is finished after its {epochs} epochs, and a finished run is not changed. Start a new "
            f"run with trainer.max_epochs={asked[-1]}; to go on from its weights, let your module load {folder.best}."
        )
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
