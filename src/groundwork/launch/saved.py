"""A composition -> all that a fresh process needs to begin the run, written into its folder; and back."""

import json
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from groundwork.core.admitted import admit_typed
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder, run_id, safe_name
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.resources import with_resources
from groundwork.launch.config.resumed import joined
from groundwork.launch.config.trusted import checked_overrides
from groundwork.train.custom import own_data, own_module


def run_name(composition: Composition) -> str:
    """Name the folder of a run's kin: `name`, else the experiment, else the data choice."""
    choices = composition.choices
    if kind := own_module(composition.config) or own_data(composition.config):
        choices = choices | {"data": kind.rpartition(".")[2]}
    return safe_name(str(composition.config.name or choices.get("experiment") or choices["data"]))


def requeued_folder(composition: Composition) -> RunFolder | None:
    """Find the folder that this very Slurm job began before it was queued again."""
    if int(os.environ.get("SLURM_RESTART_COUNT", 0)) == 0:
        return None
    folder = RunFolder(Path(composition.config.paths.runs) / run_name(composition) / run_id())
    return folder if folder.config_file.is_file() else None


def new_folder(composition: Composition) -> RunFolder:
    """Make the folder of a new run."""
    folder = RunFolder.create(Path(composition.config.paths.runs), run_name(composition))
    save_start(folder, composition)
    return folder


def save_start(folder: RunFolder, composition: Composition) -> None:
    """Write down all that a fresh process needs to begin the run."""
    start = {"overrides": composition.overrides, "composed": _composed_hash(composition)}
    folder.write_json("environment", start)
    admit_typed(composition.config)
    folder.write_config(composition.config)


def keep_changes(folder: RunFolder, config: DictConfig, overrides: Sequence[str]) -> None:
    """Write down with what a run goes on, so that its ranks, and a later resume, do so, too."""
    folder.write_json("environment", {**folder.read_json("environment"), "overrides": list(overrides)})
    folder.write_config(config)


def has_begun(folder: RunFolder) -> bool:
    """Tell whether every choice of a run was made, so that it goes on from its own configuration alone."""
    return "packages" in folder.read_json("environment")


def saved_composition(folder: RunFolder, changes: Sequence[str]) -> Composition:
    """Compose again what was saved before any choice that is `auto` was made.

    Raises:
        UserError: If `conf/` has changed since.
    """
    start = folder.read_json("environment")
    overrides = checked_overrides(start.get("overrides", []), folder.json_file("environment"))
    if _composed_hash(compose_run(overrides)) != start.get("composed"):
        raise UserError(
            f"{folder.path} must be begun with the conf/ that it was made with, but conf/ has changed. Start anew."
        )
    return with_resources([*map(quote_override, joined(overrides, changes))] if changes else overrides)


def _composed_hash(composition: Composition) -> str:
    content = OmegaConf.to_container(composition.config, resolve=True)
    return sha256(json.dumps(content, default=str).encode()).hexdigest()
