"""A network -> its optimizer, with rates by depth and no weight decay on biases and norms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from inspect import signature
from typing import Any

from timm.optim import (  # type: ignore[attr-defined]  # timm names no __all__
    create_optimizer_v2,
    get_optimizer_info,
    list_optimizers,
)
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from groundwork.core.errors import UserError
from groundwork.core.instantiate import takes
from groundwork.core.ranges import check_range

OWN_KEYS = ("lr", "weight_decay", "layer_decay")  # of every optimizer: they become parameter groups
FUSED = (SGD, Adam, AdamW)  # have one kernel for the whole step, on the processor as well as on a GPU
LOOKAHEAD = "lookahead_"


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
class OptimizerFactory:
    """Build any optimizer for a network.

    Args:
        make: Class of an optimizer, or a function: make(groups, lr=..., **options) -> optimizer.
        lr: Rate of the head.
        weight_decay: Of all but biases and norms.
        layer_decay: Factor on the rate from each layer to the one before it, in (0, 1].
        options: What else `make` takes.

    Raises:
        UserError: If `make` does not take one of the options, or has no weight decay and some is asked for.
    """

    make: Callable[..., Optimizer]
    lr: float
    weight_decay: float = 0.0
    layer_decay: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_range("optim.lr", self.lr, "(0, inf)")
        check_range("optim.weight_decay", self.weight_decay, "[0, inf)")
        check_range("optim.layer_decay", self.layer_decay, "(0, 1]")
        check_options("optim", self.make, self.options)
        if self.weight_decay and not takes(self.make, "weight_decay"):
            raise UserError(
                f"optim.weight_decay must be 0, because {self.make.__name__} has no weight decay, but got "
                f"{self.weight_decay}. Set optim.weight_decay=0."
            )

    def __call__(self, network: nn.Module) -> Optimizer:
        """Build the optimizer of the parameters that train; see `parameter_groups`."""
        groups = parameter_groups(network, self.lr, self.weight_decay, self.layer_decay)
        if not takes(self.make, "weight_decay"):
            groups = [
                {key: value for key, value in group.items() if key != "weight_decay"} for group in groups
            ]
        options = dict(self.options)
        if self.make in FUSED and not {"fused", "foreach", "differentiable"} & {*options}:
            options["fused"] = _fuses(network)
        return self.make(groups, lr=self.lr, **options)


def timm_optimizer(params: Any, name: str, lr: float, **options: Any) -> Optimizer:
    """Build an optimizer by the name that timm gives it, such as `muon` or `lookahead_adamw`.

    Raises:
        UserError: If timm has no such optimizer, or it does not take one of the options.
    """
    known = name.lower().removeprefix(LOOKAHEAD)
    if known not in list_optimizers():
        near = get_close_matches(known, list_optimizers(), n=1, cutoff=0.4)
        remedy = f"Did you mean {near[0]}?" if near else "See timm.optim.list_optimizers()."
        raise UserError(f"optim.name must be an optimizer of timm, but got {name}. {remedy}")
    kind = get_optimizer_info(known).opt_class
    if not isinstance(kind, str):  # else a class of a library that may not be there
        check_options("optim", kind, options)
    return create_optimizer_v2(params, opt=name, lr=lr, **options)


def check_options(group: str, make: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Refuse keys of a group that a class or function does not take.

    Raises:
        UserError: With the keys that it takes.
    """
    for key in options:
        if not takes(make, key):
            near = get_close_matches(key, signature(make).parameters, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Leave it out, as by ~{group}.{key}."
            raise UserError(f"{group}.{key} must be an argument of {make.__name__}, but is not. {remedy}")


def _fuses(network: nn.Module) -> bool | None:
    """Fuse the step where torch has one kernel for it; elsewhere torch chooses."""
    return {parameter.device.type for parameter in network.parameters()} <= {"cpu", "cuda"} or None
