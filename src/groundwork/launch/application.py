"""The arguments of a Hydra application -> every combination, composed and checked."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from groundwork.core.paths import CONF
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import Composition, complete, composed
from groundwork.launch.config.documented import required_groups
from groundwork.launch.config.explain import explained, refuse_null_groups
from groundwork.launch.config.flags import ANSWERED, HELP, Arguments, part
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.searchpath import searchpath_overrides
from groundwork.launch.config.usage import usage


def compositions(overrides: list[str]) -> list[Composition]:
    """Let Hydra read the overrides (`--cfg job`, `-m` and overrides), and give every combination, checked.

    Args:
        overrides: As typed; what goes without saying is added.

    Returns:
        None of them where the command was only asked something, such as `--help`.

    Raises:
        UserError: If Hydra does not accept an override, or a key or value of a combination is wrong.
    """
    typed = part(overrides)
    if typed.has(HELP):
        print(usage())
        return []
    if typed.has(ANSWERED):
        sys.argv[1:] = [*typed.flags, *typed.overrides]
        _hydra_main(lambda config: None)
        return []
    found = [composed(*combination) for combination in _combinations(typed)]
    for composition in found:
        check_keys(composition)
    return found


def _combinations(typed: Arguments) -> list[tuple[DictConfig, dict[str, Any], list[str]]]:
    """Let Hydra compose every combination: configuration, choices and overrides; none where it only shows them."""
    found: list[tuple[DictConfig, dict[str, Any], list[str]]] = []
    plain = [quote_override(override, sweeps=typed.multirun) for override in complete(typed.overrides)]
    refuse_null_groups(plain, required_groups())
    searched = searchpath_overrides(plain)

    def collect(config: DictConfig) -> None:
        known = HydraConfig.get()
        # Hydra keeps its own overrides apart; where one's own choices lie belongs to every run.
        overrides: Any = OmegaConf.to_container(
            known.overrides.task, resolve=False
        )  # `${seed}` is what was typed
        found.append((config, {**known.runtime.choices}, [*searched, *overrides]))

    with explained(), TemporaryDirectory() as scratch:
        # First, since Hydra reads overrides on one side of a flag only; and its multirun.yaml is of no use here.
        sweep = ["-m", f"hydra.sweep.dir='{Path(scratch).as_posix()}'"] if typed.multirun else []
        sys.argv[1:] = [*sweep, *typed.flags, *plain]
        _hydra_main(collect)
    return found


def _hydra_main(task: Callable[[DictConfig], None]) -> None:
    hydra.main(config_path=str(CONF), config_name="train", version_base="1.3")(task)()
