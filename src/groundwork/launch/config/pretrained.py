"""`model.pretrained=RUN` in a configuration -> the absolute path of that run, and whether the rest goes with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import LATEST

KEY = "model.pretrained"


def settle_pretrained(config: DictConfig, overrides: Sequence[str]) -> list[str]:
    """Name the newest run in place of `latest`, once and for all.

    Args:
        config: Changed in place.
        overrides: That composed it.

    Returns:
        What they must say beside to mean the same when they are composed again: nothing where they name the key.

    Raises:
        UserError: If there is no run.
    """
    if OmegaConf.select(config, KEY, throw_on_missing=False) != LATEST:
        return []
    from groundwork.core.run_folder import RunFolder  # the trust in what is stored: not for --help

    try:
        path = RunFolder.find(LATEST, Path(config.paths.runs)).path
    except UserError as error:
        raise UserError(
            f"{KEY}={LATEST} must name a run, but {config.paths.runs} holds none. Train one first."
        ) from error
    OmegaConf.update(config, KEY, str(path))
    typed = any(override.partition("=")[0].lstrip("+") == KEY for override in overrides)
    return [] if typed else [f"{KEY}={path}"]


def check_pretrained(config: DictConfig) -> None:
    """Refuse a run to start from that is not finished or does not fit, and a scenario that would not use it.

    Raises:
        UserError: In one line.
    """
    named = config.model.get("pretrained")
    if not named:
        return
    from groundwork.core.pretrained import check_alike, own_checkpoint
    from groundwork.core.run_folder import RunFolder

    path = own_checkpoint(named)
    if path is None:
        if config.data.kind == "table":
            raise UserError(
                f"{KEY} must be false or a run of your own for tables, but got {named}. Use {KEY}=false."
            )
        return
    scenario = config.transfer.scenario
    if scenario != "auto" and not config.transfer.pretrained:
        raise UserError(
            f"transfer={scenario} must go with {KEY}=false, because it starts from random weights, but got {named}. "
            f"Use transfer=large_different to train on from that run."
        )
    folder = RunFolder(path.parent.parent)
    if folder.config_file.is_file() and "kind" in config.model:  # else it is still to be chosen
        model: Any = OmegaConf.to_container(config.model, resolve=True)
        theirs: Any = OmegaConf.to_container(folder.config.model, resolve=True)
        check_alike(model, theirs, named)
