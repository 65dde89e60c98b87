"""`data._target_` and `task._target_`, Lightning modules of the user's -> overrides for Hydra, and what cannot be."""

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.quote import key_of
from groundwork.train.custom import is_own, own_data, own_direction, own_module

OF_OWN = "data or task is a module of your own"
GROUPS = ("data", "task")
OPTION = "module"
RATES = "groundwork.train.FindRate"
# Groups that say how a network of this package is built and trained.
OF_TASKS = ("model", "transfer", "loss", "metrics", "optim", "schedule", "augment", "execution", "predict")
# Groups that say what this package does with the samples that it read.
OF_DATA = ("missing", "subset", "split", "balance", "normalize")


def own_overrides(overrides: Sequence[str]) -> list[str]:
    """Choose `data=module` where `data._target_` is typed, likewise for task; arguments need no `+` then."""
    found = list(overrides)
    for group in GROUPS:
        keys = {key_of(override): override.partition("=")[2] for override in found}
        if f"{group}._target_" in keys and keys.get(group, OPTION) != OPTION:
            raise UserError(
                f"{group}={keys[group]} must not go with {group}._target_, which is a module of your own. "
                f"Remove one of them."
            )
        if f"{group}._target_" in keys and group not in keys:
            found = [f"{group}={OPTION}", *found]
        if f"{group}={OPTION}" in found:
            found = [
                f"++{one}" if one.startswith(f"{group}.") and key_of(one) != f"{group}._target_" else one
                for one in found
            ]
    return found


def check_own(config: DictConfig) -> None:
    """Refuse what a run with a Lightning module of the user's cannot do.

    Raises:
        UserError: In one line.
    """
    for group in GROUPS:
        if OmegaConf.is_missing(config[group], "_target_"):
            raise UserError(f"{group}._target_ must be given. Add {group}._target_=PACKAGE.CLASS.")
    if own_data(config) and not own_module(config) and config.task.name == "auto":
        raise UserError(
            f"task must be named where the data is that of {own_data(config)}. Use task=classification, "
            f"task=regression or task._target_=PACKAGE.CLASS."
        )
    for name, node in config.callbacks.items():
        if node is not None and node.get("_target_") == RATES and own_module(config):
            raise UserError(
                f"callbacks.{name} must know the optimizer, but {own_module(config)} is a module of your own. Use "
                f"lightning.pytorch.callbacks.LearningRateFinder."
            )
    own_direction(config)


def refuse_own(config: DictConfig, what: str, data_alone: bool = False) -> None:
    """Refuse a command that needs data and a task of this package.

    Args:
        what: The command.
        data_alone: It asks nothing of the task.

    Raises:
        UserError: In one line.
    """
    if named := own_data(config) or (None if data_alone else own_module(config)):
        raise UserError(
            f"{what} must know data and task, but {named} is a module of your own. Use train.py and evaluate.py."
        )


def idle_groups(config: DictConfig) -> tuple[str, ...]:
    """Name the groups that have no effect on a run with modules of the user's."""
    return (*(OF_TASKS if own_module(config) else ()), *(OF_DATA if own_data(config) else ()))


def idle_of_own(config: DictConfig, overrides: Sequence[str]) -> list[str]:
    """Name the keys that were typed in vain."""
    if not is_own(config):
        return []
    idle = idle_groups(config)
    return [key for key in map(key_of, overrides) if key.partition(".")[0] in idle]


def refuse_idle_sweep(configs: Sequence[DictConfig], overrides: Sequence[Sequence[str]]) -> None:
    """Refuse a sweep over a key that has no effect.

    Raises:
        UserError: With the key.
    """
    typed = [set(each) for each in overrides]
    varied = set[str]().union(*typed) - typed[0].intersection(*typed)
    if idle := sorted({key for config in configs for key in idle_of_own(config, list(varied))}):
        raise UserError(
            f"{idle[0]} must have an effect to be swept over, but {OF_OWN}. "
            f"Sweep over its arguments, such as task.lr=0.1,0.01."
        )
