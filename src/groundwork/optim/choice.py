"""`optim` and `schedule` of a configuration -> what builds an optimizer and its schedule."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from torch.optim import Optimizer

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.optim.optimizer import OWN_KEYS, OptimizerFactory
from groundwork.optim.plugged import AnySchedule

Schedule = Callable[[Optimizer, int, str, str], dict[str, Any]]


def optimizer_factory(node: DictConfig) -> OptimizerFactory:
    """Read `optim`: `lr`, `weight_decay` and `layer_decay` are ours, all other keys go to what `_target_` names."""
    keys = _keys("optim", node)
    own = {key: keys.pop(key) for key in OWN_KEYS if key in keys}
    made: Any = instantiate(keys, _partial_=True, _convert_="all")
    if "lr" not in own:
        raise UserError("optim.lr must be given, but is not. Add optim.lr=1e-3.")
    return OptimizerFactory(made.func, **own, options=made.keywords)


def schedule_factory(node: DictConfig) -> Schedule:
    """Read `schedule`: one of ours, or whatever takes an optimizer, with `interval` and `frequency` beside its keys."""
    keys = _keys("schedule", node)
    if "optimizer" not in signature(get_object(keys["_target_"])).parameters:
        ours: Schedule = instantiate(keys, _convert_="all")
        return ours
    pace = {key: keys.pop(key) for key in ("interval", "frequency") if key in keys}
    if isinstance(inner := keys.get("schedulers"), list):  # of SequentialLR: each waits for the optimizer
        keys["schedulers"] = [{**each, "_partial_": True} for each in inner]
    made: Any = instantiate(keys, _partial_=True, _convert_="all")
    return AnySchedule(made.func, made.keywords, **pace)


def _keys(group: str, node: DictConfig) -> dict[str, Any]:
    """Give the keys of a group as plain values."""
    for key in map(str, node):
        if OmegaConf.is_missing(node, key):
            raise UserError(f"{group}.{key} must be given, but is not. Add {group}.{key}=VALUE.")
    keys: Any = OmegaConf.to_container(node, resolve=True)
    return dict(keys)
