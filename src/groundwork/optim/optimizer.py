"""A network -> its optimizer, with rates by depth and no weight decay on biases and norms."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from groundwork.core.ranges import check_range


def parameter_groups(
    network: Any, lr: float, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Group the parameters that train by rate and weight decay.

    A parameter at depth d of a network of depth L gets lr * layer_decay^(L - d).
    Biases, parameters of one axis (norms, scales) and what the network names do not decay.

    Args:
        network: Has `parameter_layers()` and `no_weight_decay()`.
        lr: Rate of the head.
        weight_decay: Of all but biases and norms.
        layer_decay: In (0, 1].

    Returns:
        Groups in order of depth, so that a checkpoint's state fits the same network again.
    """
    layers, kept = network.parameter_layers(), network.no_weight_decay()
    deepest = max(layers.values())
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = parameter.ndim > 1 and not name.endswith("bias") and name not in kept
        key = (layers[name] if layer_decay != 1 else 0, decays)
        rate = lr * layer_decay ** (deepest - layers[name])
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

    def __call__(self, network: nn.Module) -> Optimizer:
        """Build the optimizer of the parameters that train; see `parameter_groups`."""
        groups = parameter_groups(network, self.lr, self.weight_decay, self.layer_decay)
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
        check_range("optim.momentum", self.momentum, "[0, 1)")

    def __call__(self, network: nn.Module) -> Optimizer:
        """Build the optimizer of the parameters that train; see `parameter_groups`."""
        groups = parameter_groups(network, self.lr, self.weight_decay, self.layer_decay)
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(
            groups, lr=self.lr, momentum=self.momentum, nesterov=nesterov, fused=_fuses(network)
        )


def _check(factory: AdamW | SGD) -> None:
    check_range("optim.lr", factory.lr, "(0, inf)")
    check_range("optim.weight_decay", factory.weight_decay, "[0, inf)")
    check_range("optim.layer_decay", factory.layer_decay, "(0, 1]")


def _fuses(network: nn.Module) -> bool | None:
    """Fuse the step where torch has one kernel for it; elsewhere torch chooses."""
    return {parameter.device.type for parameter in network.parameters()} <= {"cpu", "cuda"} or None
