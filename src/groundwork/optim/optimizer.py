"""A network -> its optimizer, with rates by depth and no weight decay on biases and norms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from groundwork.optim.range import check_ranges


def parameter_groups(
    network: Any, lr: float, weight_decay: float, layer_decay: float, stage_lr: Sequence[float] | None
) -> list[dict[str, Any]]:
    """Group the parameters that train by rate and weight decay.

    A parameter at depth d of a network of depth L gets lr * layer_decay^(L - d) * stage_lr[its stage].
    Biases, parameters of one axis (norms, scales) and what the network names do not decay.

    Args:
        network: Has `parameter_layers()`, `parameter_stages()` and `no_weight_decay()`.
        lr: Rate of the head.
        weight_decay: Of all but biases and norms.
        layer_decay: In (0, 1].
        stage_lr: Factor of each stage of the backbone, then of the head; None is 1 for all.

    Returns:
        Groups in order of depth, so that a checkpoint's state fits the same network again.
    """
    layers, stages = network.parameter_layers(), network.parameter_stages()
    kept, deepest = network.no_weight_decay(), max(layers.values())
    groups: dict[tuple[int, int, bool], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        layer, stage = layers[name], stages[name]
        decays = parameter.ndim > 1 and not name.endswith("bias") and name not in kept
        depth = layer if layer_decay != 1 else 0
        rate = lr * layer_decay ** (deepest - layer) * (stage_lr[stage] if stage_lr is not None else 1.0)
        key = (stage if stage_lr is not None else 0, depth, decays)
        decay = weight_decay if decays else 0.0
        group = groups.setdefault(key, {"params": [], "lr": rate, "weight_decay": decay})
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


@dataclass(frozen=True)
class AdamW:
    """Build AdamW for a network.

    Source:
        Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2.
    """

    lr: float
    weight_decay: float
    betas: tuple[float, float]
    eps: float
    layer_decay: float

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, network: nn.Module, stage_lr: Sequence[float] | None = None) -> Optimizer:
        """Build the optimizer of the parameters that train; see `parameter_groups`."""
        groups = parameter_groups(network, self.lr, self.weight_decay, self.layer_decay, stage_lr)
        first, second = self.betas
        return torch.optim.AdamW(
            groups, lr=self.lr, betas=(first, second), eps=self.eps, fused=_fuses(network)
        )


@dataclass(frozen=True)
class SGD:
    """Build stochastic gradient descent with momentum for a network."""

    lr: float
    weight_decay: float
    momentum: float
    nesterov: bool
    layer_decay: float

    def __post_init__(self) -> None:
        _check(self)
        check_ranges(optim__momentum=(self.momentum, "[0, 1)"))

    def __call__(self, network: nn.Module, stage_lr: Sequence[float] | None = None) -> Optimizer:
        """Build the optimizer of the parameters that train; see `parameter_groups`."""
        groups = parameter_groups(network, self.lr, self.weight_decay, self.layer_decay, stage_lr)
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(
            groups, lr=self.lr, momentum=self.momentum, nesterov=nesterov, fused=_fuses(network)
        )


def _check(factory: AdamW | SGD) -> None:
    check_ranges(
        optim__lr=(factory.lr, "(0, inf)"),
        optim__weight_decay=(factory.weight_decay, "[0, inf)"),
        optim__layer_decay=(factory.layer_decay, "(0, 1]"),
    )


def _fuses(network: nn.Module) -> bool | None:
    """Fuse the step where torch has one kernel for it; elsewhere torch chooses."""
    return {parameter.device.type for parameter in network.parameters()} <= {"cpu", "cuda"} or None
