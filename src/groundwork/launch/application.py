"""The arguments of a Hydra application -> every combination, composed and checked, or a multirun that has ended."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from hashlib import sha256
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from groundwork.core.admitted import handed_on
from groundwork.core.errors import UserError
from groundwork.core.paths import CONF, machine_paths
from groundwork.core.quote import quote_text, split_values
from groundwork.core.variables import SWEEP
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import Composition, complete, composed
from groundwork.launch.config.documented import required_groups
from groundwork.launch.config.explain import explained, refuse_null_groups
from groundwork.launch.config.flags import ANSWERED, HELP, PACKAGE, SHOWN, Arguments, part
from groundwork.launch.config.hydra_keys import refuse_hydra_keys, typed_values
from groundwork.launch.config.own_hydra import HABITS
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.searchpath import searchpath_overrides
from groundwork.launch.config.sweeping import check_sweeper, sweeps
from groundwork.launch.config.usage import usage
from groundwork.launch.face import SCRIPT

Noted = tuple[DictConfig, dict[str, Any], list[str]]  # what Hydra composed, its choices and the overrides
# Commands other than train.py look at the combinations of a multirun one after the other, in their own process.
HERE = ("hydra/launcher=basic", "hydra/sweeper=basic")


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
    refuse_hydra_keys(typed.overrides)
    if plugged := [one for one in typed.overrides if one.startswith(("hydra/launcher=", "hydra/sweeper="))]:
        raise UserError(f"{plugged[0]} is for multiruns of train.py. Leave it out here.")
    found: list[Noted] = []
    with TemporaryDirectory() as scratch:
        places = [*HERE, f"hydra.sweep.dir={quote_text(Path(scratch).as_posix())}"]
        _apply(typed, _is_multirun(typed), lambda config: found.append(_noted(config)), places)
    return _checked(found)


def run_or_sweep(overrides: list[str]) -> list[Composition] | int:
    """Let Hydra run what was typed: a multirun by its sweeper and its launcher, here and now.

    Returns:
        The exit status of a multirun; else the composition of a single run, checked, or none where the command was only
        asked something.

    Raises:
        UserError: If Hydra does not accept an override, or a key or value of a combination is wrong.
    """
    typed = part(overrides)
    refuse_hydra_keys(typed.overrides)
    single: list[Noted] = []
    variables: dict[str, str] = {}

    def run(config: DictConfig) -> float | None:
        known = HydraConfig.get()
        if known.mode == RunMode.MULTIRUN:  # by another launcher than ours, maybe on another machine
            from groundwork.launch.sweep.launch import run_combination  # pandas: not for --help

            return run_combination(config, known, _noted(config)[2])
        for key in _idle(typed, known):
            print(f"note: {key} has no effect on a single run. Add -m to sweep.")
        if known.callbacks:
            print(
                "note: hydra.callbacks hears of a single run before it trains, not after it. Use a Lightning callback "
                "in callbacks, or -m."
            )
        variables.update({key: str(value) for key, value in known.job.env_set.items()})
        single.append(_noted(config))
        return None

    multirun = _is_multirun(typed)
    if typed.has(HELP | ANSWERED | SHOWN):
        _apply(typed, multirun, run, [])
        return []
    check_sweeper(typed.overrides)
    if not multirun:
        _apply(typed, multirun, run, [])
        os.environ.update(variables)  # Hydra takes them back before the run begins
        return _checked(single)
    from groundwork.launch.sweep.multirun import swept  # pandas: not for --help

    runs = _runs(typed.overrides)
    return swept(runs, lambda: _apply(typed, multirun, run, _of_sweep(typed, runs)))


def _idle(typed: Arguments, known: HydraConf) -> list[str]:
    """Name the first key of Hydra's launcher or sweeper that was typed, and what an experiment sweeps over."""
    parts = ("hydra/launcher", "hydra/sweeper", "hydra.launcher", "hydra.sweeper")
    named = [key for key in typed_values(typed.overrides) if key.startswith(parts)]
    return named[:1] or (["hydra.sweeper.params"] if known.sweeper.get("params") else [])


def _is_multirun(typed: Arguments) -> bool:
    return typed.multirun or sweeps(typed.overrides)


def _noted(config: DictConfig) -> Noted:
    """Take what Hydra knows of the combination that it has just composed."""
    known = HydraConfig.get()
    # Hydra keeps its own overrides apart; where one's own choices lie belongs to every run.
    searched = searchpath_overrides(list(known.overrides.hydra))
    task: Any = OmegaConf.to_container(known.overrides.task, resolve=False)  # `${seed}` is what was typed
    return config, {**known.runtime.choices}, [*searched, *task]


def _checked(found: Sequence[Noted]) -> list[Composition]:
    compositions = [composed(*one) for one in found]
    for composition in compositions:
        check_keys(composition)
    return compositions


def _runs(overrides: Sequence[str]) -> Path:
    """Find where runs lie; the first place where a sweep is over several."""
    typed = [one.partition("=")[2] for one in overrides if one.startswith("paths.runs=")]
    return Path(machine_paths([f"paths.runs={split_values(typed[-1])[0]}"] if typed else []).runs)


def _of_sweep(typed: Arguments, runs: Path) -> list[str]:
    """Say where Hydra's launchers write, and what a process must know that one of them starts."""
    name = sha256("\n".join(sorted(typed.overrides)).encode()).hexdigest()[:12]
    told = {SWEEP: name, SCRIPT: os.environ.get(SCRIPT, ""), **handed_on()}
    told_by_hydra = [f"+hydra.job.env_set.{key}={quote_text(value)}" for key, value in told.items() if value]
    return [f"hydra.sweep.dir={quote_text((runs / '.sweeps').as_posix())}", *told_by_hydra]


def _apply(typed: Arguments, multirun: bool, task: Callable[[DictConfig], Any], more: Sequence[str]) -> None:
    """Let Hydra answer, run or sweep; `--help` is answered without it.

    Args:
        typed: After the command.
        multirun: Whether commas part the values of a sweep.
        task: What Hydra calls with a configuration.
        more: Overrides of Hydra's own.
    """
    if typed.has(HELP):
        print(usage())
        return
    plain = list(typed.overrides)
    if not typed.has(ANSWERED):
        plain = [*more, *(quote_override(one, sweeps=multirun) for one in complete(plain))]
        refuse_null_groups(plain, required_groups())
    # First, since Hydra reads overrides on one side of a flag only.
    sys.argv[1:] = [*(["-m"] if typed.multirun else []), *typed.flags, *plain]
    with explained(), _one_package() if typed.has(PACKAGE) else nullcontext():
        hydra.main(config_path=str(CONF), config_name="train", **HABITS)(task)()


@contextmanager
def _one_package() -> Iterator[None]:
    """Tell of a package that there is not, which Hydra says by itself and ends."""
    said = StringIO()
    try:
        with redirect_stderr(said):
            yield
    except SystemExit as stop:
        raise UserError(
            f"--package must be a key of the configuration, but: {said.getvalue().strip()}."
        ) from stop
