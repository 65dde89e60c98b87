"""A space and a configuration -> what makes no sense to search over, before anything starts."""

import importlib.util
from collections.abc import Sequence

from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.quote import key_of
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.config.effect import idle_in, is_exact
from groundwork.launch.config.own import OF_OWN, idle_of_own, own_overrides
from groundwork.launch.search.dimension import Values
from groundwork.launch.search.space import Space, as_overrides
from groundwork.train.custom import is_own, own_module

# These change no model: where, when or under which name it runs.
WITHOUT_EFFECT = ("name", "tags", "paths", "logger", "report", "cluster", "search", "experiment", "debug")
# These change what is measured, so that trials could not be compared; and luck is not a context.
NOT_COMPARABLE = ("split", "seed", "monitor", "metrics", "subset", "data.target", "data.table", "data.root",
                  "data.task")  # fmt: skip


def check_installed() -> None:
    """Refuse to search without Optuna.

    Raises:
        UserError: With the command that installs it.
    """
    if importlib.util.find_spec("optuna") is None:
        raise UserError(
            "search must find the package optuna, but it is not installed. Run: uv sync --extra search"
        )


def check_numbers(search: DictConfig) -> None:
    """Refuse numbers that no search can have.

    Raises:
        UserError: With the number and the rule.
    """
    for name in ("trials", "workers", "tries", "lease"):
        value = search[name]
        kinds = (int, float) if name == "lease" else int
        if isinstance(value, bool) or not isinstance(value, kinds) or not value > 0:
            what = "number" if name == "lease" else "whole number"
            raise UserError(f"search.{name} must be a {what} above 0, but got {value}. Change it.")


def check_space(space: Space, base: Composition, typed: Sequence[str]) -> None:
    """Compose every extreme of every key, so that no trial can fail for what is known before.

    Args:
        space: What may vary.
        base: The configuration that is searched around, complete.
        typed: Words given by hand.

    Raises:
        UserError: If a key does not exist, is set by hand as well, has no effect, or changes what is measured.
    """
    by_hand = {key_of(override) for override in typed}
    for dimension in space.dimensions:
        key = dimension.key
        if key in by_hand:
            raise UserError(
                f"{key} must not be searched over and set by hand, but is both. Remove one of them."
            )
        _refuse(key, WITHOUT_EFFECT, "it has no effect on what a model learns")
        _refuse(key, NOT_COMPARABLE, "trials with different ones cannot be compared")
    if base.choices["transfer"] == "auto" and not own_module(base.config):
        raise UserError(
            "transfer must be one scenario in a search, but is auto. Take what scripts/advise.py recommends, such as "
            "transfer=small_different."
        )
    if base.config.trainer.devices not in (1, "1"):
        raise UserError(
            f"trainer.devices must be 1 in a search, but is {base.config.trainer.devices}. Use search.workers for "
            f"several devices."
        )
    _check_effect(space, base)


def trial_overrides(base: Composition, values: Values) -> list[str]:
    """Give the overrides of one trial: those of the configuration, and the values in their place."""
    kept = [override for override in base.overrides if override.partition("=")[0] not in values]
    return own_overrides([*kept, *as_overrides(values)])


def _check_effect(space: Space, base: Composition) -> None:
    has_effect, why = {dimension.key: False for dimension in space.dimensions}, dict[str, str]()
    for dimension, values in space.corners():
        if dimension.when == {} and has_effect[dimension.key] and "." in dimension.key:
            continue  # both ends of a range compose alike
        composition = compose_run(trial_overrides(base, values))
        check_keys(composition)
        check_combination(composition)
        if found := _why_idle(composition.config, dimension.key):
            why[dimension.key] = found
        else:
            has_effect[dimension.key] = True
    if idle := [key for key, found in has_effect.items() if not found and key in why]:
        raise UserError(f"{', '.join(idle)} must have an effect to be searched over, but {why[idle[0]]}.")


def _why_idle(config: DictConfig, key: str) -> str:
    """Say why a key has no effect and what to do; empty where it has one."""
    if is_own(config):
        return f"{OF_OWN}. Search over its arguments, such as task.lr" if idle_of_own(config, [key]) else ""
    if not idle_in(config, [key]):
        return ""
    solver = "exact" if is_exact(config) else "sgd"
    return f"the head is solved by {solver}. Remove it from the space, or change transfer or transfer.solver"


def _refuse(key: str, kinds: Sequence[str], why: str) -> None:
    if any(key == kind or key.startswith(f"{kind}.") for kind in kinds):
        raise UserError(f"{key} must not be searched over: {why}. Remove it from search.space.")
