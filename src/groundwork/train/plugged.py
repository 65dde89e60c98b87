"""`optim`, `schedule` and `augment` of a configuration -> what they name, tried before any data is read."""

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.optim import Optimizer

from groundwork.core.errors import UserError, first_line, innermost, user_error
from groundwork.core.instantiate import instantiate
from groundwork.data.augment.augment import Augment
from groundwork.data.augment.plugged import AnyAugment, as_augment
from groundwork.optim import OptimizerFactory, optimizer_factory, schedule_factory

ELSEWHERE = ("bitsandbytes", "apex")  # whose steps need a GPU


class TwoLayers(nn.Module):
    """Stand in for a network: a convolution and a linear layer, with biases."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(2, 4, 3), nn.Linear(4, 3)

    def parameter_layers(self) -> dict[str, int]:
        """Number the layers."""
        return {name: int(name.startswith("head")) for name, _ in self.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        """Name nothing."""
        return set()


def read_augment(config: DictConfig) -> Augment | AnyAugment:
    """Build `augment`: ours, or any module that changes images."""
    return as_augment(instantiate(config.augment, _convert_="all"))


def check_plugged(config: DictConfig) -> None:
    """Build the augmentation, and try optimizer and schedule on two small layers.

    Raises:
        UserError: If they cannot be built or cannot step, in one line.
    """
    network = TwoLayers()
    _tried("augment", config.augment, lambda: read_augment(config))
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(
            torch.compiler.set_stance("force_eager")
        )  # compiling takes longer than it is worth
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # training says it again
        optimizer = _tried("optim", config.optim, lambda: _stepped(optimizer_factory(config.optim), network))
        _tried(
            "schedule",
            config.schedule,
            lambda: schedule_factory(config.schedule)(optimizer, 100, "loss", "min"),
        )


def build_named(group: str, node: DictConfig) -> Any:
    """Build the module that the `_target_` of a group names.

    Raises:
        UserError: If it cannot be built.
    """
    try:
        return instantiate(node, _convert_="all")
    except Exception as error:  # whatever a class of the user's raises
        raise UserError(
            f"{group}._target_={node._target_} cannot be built: {innermost(error)}. Change it or its arguments."
        ) from error


def _stepped(factory: OptimizerFactory, network: TwoLayers) -> Optimizer:
    optimizer = factory(network)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    if getattr(optimizer, "is_second_order", False):
        raise UserError("it needs second derivatives, which training does not compute")
    if not type(optimizer).__module__.startswith(ELSEWHERE):
        optimizer.step()
    return optimizer


def _tried(group: str, node: DictConfig, build: Callable[[], Any]) -> Any:
    name = f"{group}.{'name' if 'name' in node else '_target_'}"
    try:
        return build()
    except Exception as error:  # whatever a class of another library refuses
        if (known := user_error(error)) and str(known).startswith(group):
            raise known from error
        while error.__cause__ is not None:
            error = error.__cause__  # type: ignore[assignment]  # Hydra wraps it
        chosen = OmegaConf.select(node, name.partition(".")[2])
        raise UserError(
            f"{name}={chosen} cannot be used: {first_line(error)}. Change it or its keys."
        ) from error
