"""What a sweep is told before Hydra composes it: whether there is one, and whether its sweeper can work here."""

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from groundwork.core.errors import UserError
from groundwork.core.paths import leaves
from groundwork.core.ranges import check_range
from groundwork.launch.config.explain import unknown_key
from groundwork.launch.config.hydra_keys import experiment_of, hydra_values, overridden, typed_values

PARAMS = "hydra.sweeper.params"
SIZE = "hydra.sweeper.max_batch_size"


def sweeps(overrides: Sequence[str]) -> bool:
    """Tell whether the overrides, or the experiment that they choose, ask for a multirun without `-m`."""
    return str(hydra_values(overrides).get("hydra.mode")).upper() == "MULTIRUN"


def check_sweeper(overrides: Sequence[str]) -> None:
    """Refuse what a sweeper cannot do, and one that is installed beside a library it does not know.

    Raises:
        UserError: With what to use instead.
    """
    _check_forms(overrides)
    known = hydra_values(overrides)
    named = overridden(experiment_of(overrides), "hydra/sweeper")
    named += [str(known["hydra/sweeper"])] if "hydra/sweeper" in known else []
    sweeper = named[-1] if named else "basic"
    chosen = overridden(experiment_of(overrides), "hydra/launcher") or known.get("hydra/launcher")
    if not chosen and (keys := [key for key in known if key.startswith("hydra.launcher.")]):
        raise UserError(unknown_key(keys[0]))
    params = {key: value for key, value in known.items() if key.startswith(f"{PARAMS}.")}
    typed = [key for key in typed_values(overrides) if key.startswith(PARAMS)]
    if typed and not (experiment_of(overrides).get("hydra") or {}).get("sweeper", {}).get("params"):
        raise UserError(
            f"{typed[0]} must stand in an experiment of conf/. On the command line write the key itself beside -m, as "
            "in -m seed=0,1."
        )
    if sweeper == "basic":
        size = known.get(SIZE)
        if size is not None:
            check_range(SIZE, size, "[1, inf)", whole=True)
        _check_basic([*overrides, *(f"{key.removeprefix(f'{PARAMS}.')}={params[key]}" for key in params)])
    if sweeper == "optuna":
        _check_optuna()


def _check_forms(overrides: Sequence[str]) -> None:
    """Refuse what an experiment cannot say of a sweep, before Hydra stumbles over it.

    Raises:
        UserError: With the key and the form that it has.
    """
    own, typed = experiment_of(overrides).get("hydra") or {}, typed_values(overrides)
    for part in ("launcher", "sweeper"):
        if f"hydra.{part}" in typed:
            chosen = typed[f"hydra.{part}"]
            raise UserError(f"hydra.{part}={chosen} must be written with a slash. Use hydra/{part}={chosen}.")
        if not isinstance(own.get(part, {}), dict):
            raise UserError(
                f"hydra.{part} must be a mapping of its keys, but got {own[part] or 'null'}. To choose one, write in "
                f"defaults override /hydra/{part}: NAME."
            )
    params = own.get("sweeper", {}).get("params")
    if not isinstance(params, dict | None):
        raise UserError(f"{PARAMS} must be a mapping such as {{seed: '0,1'}}, but got {params}. Change it.")
    for key, value in (params or {}).items():
        if isinstance(value, dict):
            inner = ", ".join(f"{key}.{one}" for one, _ in leaves(value))
            raise UserError(
                f"{PARAMS}.{key} must name its values as text, but is a mapping. Write keys with dots: {inner or key}."
            )
        if value is None or isinstance(value, list):
            raise UserError(
                f"{PARAMS}.{key} must name its values as text, but is {'null' if value is None else 'a list'}. Write "
                "'1,2' for the values 1 and 2, or '[1,2]' for one list."
            )


def _check_basic(words: Sequence[str]) -> None:
    """Refuse an interval, of which the basic sweeper cannot try every value."""
    for word in words:
        key, _, value = word.partition("=")
        if re.match(r"(tag\(.*)?interval\(", value):
            raise UserError(
                f"{key} must have values that can be counted, but got {value}. Name them, as in {key}=0.1,0.01, or use "
                "scripts/search.py, which draws from intervals."
            )


def _check_optuna() -> None:
    """Refuse the sweeper beside an Optuna it does not know; uv finds such pairs without a word."""
    try:
        sweeper, optuna = version("hydra-optuna-sweeper"), version("optuna")
    except PackageNotFoundError:
        return  # Hydra says what is not installed
    if _release(sweeper) < (1, 4) and _release(optuna) >= (3, 0):
        raise UserError(
            f"hydra/sweeper=optuna must know Optuna {optuna}, but hydra-optuna-sweeper {sweeper} knows only those "
            "before 3. Use scripts/search.py, which needs no sweeper, or install hydra-optuna-sweeper 1.4."
        )


def _release(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)
