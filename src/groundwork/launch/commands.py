"""Words after a command -> what it does. Hydra reads the overrides of `train`; torch is imported only after that."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from groundwork.core.errors import DONE, UserError
from groundwork.core.paths import CONF, machine_paths
from groundwork.launch.cli import key_values
from groundwork.launch.config.check_keys import check_tree
from groundwork.launch.config.compose import Composition, complete, composed
from groundwork.launch.config.documented import required_groups
from groundwork.launch.config.explain import explained, refuse_null_groups
from groundwork.launch.config.flags import ANSWERED, HELP, Arguments, part
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.searchpath import searchpath_overrides
from groundwork.launch.config.usage import usage

RESUME_KEYS = ("trainer.", "logger", "cluster", "paths.", "data.root=", "data.table=")


def train(overrides: list[str]) -> int:
    """Train one run, or go on with the run that `run=` names."""
    resumed = [override for override in overrides if override.startswith("run=")]
    if resumed:
        return _resume(
            resumed[0].removeprefix("run="), [override for override in overrides if override not in resumed]
        )

    if any(override.startswith("like=") for override in overrides):
        from groundwork.launch.config.like import with_like  # pandas: not for --help

        overrides = with_like(overrides)

    def one_run(composition: Composition) -> int:
        from groundwork.launch.dispatch import start  # pandas: not for --help

        return start(composition)

    def many_runs(combinations: Sequence[Sequence[str]]) -> int:
        from groundwork.launch.sweep.drive import drive  # pandas: not for --help

        return drive(combinations)

    return hydra_application(overrides, one_run, many_runs)


def audit(overrides: list[str]) -> int:
    """Look at the data of a configuration before anyone trains on it."""

    def one_audit(composition: Composition) -> int:
        from groundwork.core.console import Console
        from groundwork.launch.audit import start  # torch: not before the overrides are understood

        start(composition, Console())
        return DONE

    return hydra_application(overrides, one_audit)


def search(overrides: list[str]) -> int:
    """Search over the keys of a space, or go on with a search."""

    def one_search(composition: Composition) -> int:
        from groundwork.launch.search.search import start  # pandas: not for --help

        return start(composition)

    return hydra_application(overrides, one_search)


def hydra_application(
    overrides: list[str],
    act: Callable[[Composition], int],
    act_on_many: Callable[[Sequence[Sequence[str]]], int] | None = None,
) -> int:
    """Let Hydra read the overrides (`--cfg job`, `-m` and overrides), then act on the combinations.

    Args:
        overrides: As typed; what goes without saying is added.
        act: On one combination.
        act_on_many: On those of a multirun; None acts on one after the other.

    Returns:
        The exit status: the largest that any combination returned.

    Raises:
        UserError: If Hydra does not accept an override.
    """
    typed = part(overrides)
    if typed.has(HELP):
        print(usage())
        return DONE
    if typed.has(ANSWERED):
        sys.argv[1:] = [*typed.flags, *typed.overrides]
        _hydra_main(lambda config: None)
        return DONE
    combinations = _combinations(typed)
    for config, choices, words in combinations:
        check_tree(config, {group: str(option) for group, option in choices.items() if option}, words)
    if typed.multirun and act_on_many is not None and combinations:
        return act_on_many([words for _, _, words in combinations])
    return max((act(composed(*combination)) for combination in combinations), default=DONE)


def _combinations(typed: Arguments) -> list[tuple[DictConfig, dict[str, Any], list[str]]]:
    """Let Hydra compose every combination: configuration, choices and overrides; none where it only shows them."""
    found: list[tuple[DictConfig, dict[str, Any], list[str]]] = []
    plain = [quote_override(override, sweeps=typed.multirun) for override in complete(typed.overrides)]
    refuse_null_groups(plain, required_groups())
    searched = searchpath_overrides(plain)

    def collect(config: DictConfig) -> None:
        known = HydraConfig.get()
        # Hydra keeps its own overrides apart; where one's own choices lie belongs to every run.
        found.append((config, {**known.runtime.choices}, [*searched, *known.overrides.task]))

    with explained(), TemporaryDirectory() as scratch:
        # First, since Hydra reads overrides on one side of a flag only; and its multirun.yaml is of no use here.
        sweep = ["-m", f"hydra.sweep.dir='{Path(scratch).as_posix()}'"] if typed.multirun else []
        sys.argv[1:] = [*sweep, *typed.flags, *plain]
        _hydra_main(collect)
    return found


def _hydra_main(task: Callable[[DictConfig], None]) -> None:
    hydra.main(config_path=str(CONF), config_name="train", version_base="1.3")(task)()


def _resume(run: str, changes: list[str]) -> int:
    for change in changes:
        if not change.startswith(RESUME_KEYS):
            raise UserError(
                f"{change} cannot be changed on resume, only trainer.*, logger, cluster, paths.*, data.root and "
                f"data.table. Start a new run with it instead."
            )
    from groundwork.launch.start import resume  # pandas: not before the overrides are understood

    return resume(run, changes)


def advise(overrides: list[str]) -> int:
    """Recommend a transfer scenario for data and model, with the evidence."""

    def one_advice(composition: Composition) -> int:
        from groundwork.core.console import Console  # rich and pandas: not for --help
        from groundwork.launch.advise import advise as start_advice

        start_advice(composition, Console())
        return DONE

    return hydra_application(overrides, one_advice)


def clear(arguments: list[str]) -> int:
    """Remove what is cached: decoded images and features; runs keep everything that they need."""
    keys = key_values(arguments, {"paths.cache": "which cache; else that of conf/paths"})
    from groundwork.core.cache import clear_cache

    cache = Path(machine_paths([f"{key}={value}" for key, value in keys.items()]).cache)
    freed = clear_cache(cache) if cache.is_dir() else 0
    print(f"{freed / 1e6:,.0f} MB freed in {cache}")
    return DONE


def evaluate(arguments: list[str]) -> int:
    """Seal the test metrics of one run, or of several."""
    keys = key_values(
        arguments,
        {
            "run": "a run folder or latest",
            "runs": "or a glob of run folders: seeds, folds",
            "split": "test",
            "paths.runs": "where the runs and the ledger of tests lie",
        },
    )
    if keys.get("split", "test") != "test":
        raise UserError(
            f"split={keys['split']} must be test; val stands in result.json already. Use split=test."
        )
    if ("run" in keys) == ("runs" in keys):
        raise UserError("one of run= and runs= must be given. Add run=latest or run=DIR.")
    from groundwork.evaluate.seal import seal_runs  # torch: not before the arguments are understood

    return seal_runs(keys)


def predict(arguments: list[str]) -> int:
    """Predict new files by a finished run; exit status 1 tells that some files could not be read."""
    keys = _required(
        arguments,
        {
            "run": "a run folder or latest",
            "input": "a folder of images, an image or a table",
            "output": "the table to write: .parquet, .csv, ...",
        },
        {
            "image_root": "the folder that the paths of a table of images are relative to",
            "max_pixels": "of one image; a file that claims more is not predicted",
            "trust_pickle": "true reads a .pkl file",
            "paths.runs": "where latest looks",
        },
    )
    from groundwork.evaluate.predict import predict_inputs  # torch: not before the arguments are understood

    return predict_inputs(keys)


def export(arguments: list[str]) -> int:
    """Write a finished run as a model that needs nothing of this project."""
    keys = _required(
        arguments,
        {"run": "a run folder or latest", "format": "onnx, torch or safetensors"},
        {"output": "a folder; else export/<format> in the run", "paths.runs": "where latest looks"},
    )
    from groundwork.evaluate.export import export_run  # torch: not before the arguments are understood

    return export_run(keys)


def compare(arguments: list[str]) -> int:
    """Put many runs into one table and one picture."""
    keys = _required(
        arguments,
        {"runs": "a glob of run folders"},
        {
            "split": "val (default) or test, of sealed runs",
            "output": "a folder for table and picture",
            "paths.runs": "where that folder is made without output=",
        },
    )
    if (split := keys.setdefault("split", "val")) not in ("val", "test"):
        raise UserError(f"split={split} must be val or test. Use split=val.")
    from groundwork.evaluate.compare import compare_runs  # pandas: not before the arguments are understood

    return compare_runs(keys)


def _required(arguments: list[str], needed: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    """Read `key=value` arguments of which some must be there."""
    keys = key_values(arguments, needed | others)
    if absent := [f"{key}= ({needed[key]})" for key in needed if not keys.get(key)]:
        raise UserError(f"{absent[0]} must be given, but is not. Add it.")
    return keys
