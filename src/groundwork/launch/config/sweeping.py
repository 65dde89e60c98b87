"""What a sweep is told before Hydra composes it: whether there is one, and whether its sweeper can work here."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from groundwork.core.errors import UserError
from groundwork.launch.config.hydra_keys import experiment_of, overridden


def sweeps(overrides: Sequence[str]) -> bool:
    """Tell whether the overrides, or the experiment that they choose, ask for a multirun without `-m`."""
    typed = [one.partition("=")[2] for one in overrides if one.lstrip("+").startswith("hydra.mode=")]
    mode = typed[-1] if typed else (experiment_of(overrides).get("hydra") or {}).get("mode")
    return str(mode).upper() == "MULTIRUN"


def check_sweeper(overrides: Sequence[str]) -> None:
    """Refuse a sweeper that is installed beside a library it does not know; uv finds such pairs without a word.

    Raises:
        UserError: With what to use instead.
    """
    named = overridden(experiment_of(overrides), "hydra/sweeper")
    named += [one.partition("=")[2] for one in overrides if one.startswith("hydra/sweeper=")]
    if named[-1:] != ["optuna"]:
        return
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
