"""A composition or a folder -> a run that begins or goes on, here or by ranks on this machine."""

import shlex
from pathlib import Path

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.lock import BusyError
from groundwork.core.paths import machine_paths
from groundwork.core.ranks import barrier, from_first, is_first, join
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import refuse_untrusted
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import Composition
from groundwork.launch.saved import has_begun, new_folder, saved_composition
from groundwork.launch.work import first_job, next_job, work


def begin(composition: Composition, console: Console) -> RunFolder:
    """Train a new run and return its folder."""
    check_combination(composition)
    join(composition.config.trainer.accelerator)
    folder = from_first(lambda: new_folder(composition))
    with folder.held(wait=True):
        work(*first_job(folder, composition, console))
    return folder


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
    refuse_untrusted(folder.config, folder.config_file)
    if has_begun(folder):
        config, job = next_job(folder, changes, console)
    else:
        config, job = first_job(folder, saved_composition(folder, changes), console)
    join(config.trainer.accelerator)
    barrier()  # every rank has read the folder before the first one writes into it
    if is_first():
        RunFolder.furnish(folder.path).sweep()  # git and some copies lose folders that are empty
    work(config, job, changes)
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
