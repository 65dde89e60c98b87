"""Low-rank adapters on the weights of a frozen backbone, of which checkpoints hold the adapters alone.

Source: Hu et al. 2021, LoRA, arXiv 2106.09685.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from groundwork.core.errors import UserError
from groundwork.model.weights import weights_hash

PARTS = ("lora_A", "lora_B")
BASE = "base"  # in a checkpoint: the hash of the weights that it leaves out


class LowRank(nn.Module):
    """Add a matrix of low rank to a weight: W + (alpha / rank) B A, at first W itself, since B is 0.

    Args:
        weight: (out, in) of a linear layer, or (out, in, 1, 1) of a convolution.
        rank: Of A (r, in) and B (out, r), at most that of the weight.
        alpha: Above 0.
        generator: Draws A; None is torch's own.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float, generator: torch.Generator | None = None):
        super().__init__()
        rows, columns = weight.shape[:2]
        self.scale = alpha / rank
        rank = min(rank, rows, columns)
        self.lora_A = nn.Parameter(weight.new_empty(rank, columns))
        self.lora_B = nn.Parameter(weight.new_zeros(rows, rank))
        # as a linear layer of torch begins
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5), generator=generator)

    def forward(self, weight: Tensor) -> Tensor:
        """Give the adapted weight."""
        with torch.autocast(weight.device.type, enabled=False):
            change: Tensor = self.scale * self.lora_B @ self.lora_A
        return weight + change.reshape(weight.shape)


def adapt(network: Any, rank: int, alpha: float, first: int = 0, seed: int = 0) -> Any:
    """Put adapters on every linear layer and 1x1 convolution of the backbone of a network, in place.

    From here on `state_dict` holds no weight of the backbone but the adapters, and loading one asks for the same base.

    Args:
        network: A `Network` with the weights that its adapters belong to.
        rank: See `LowRank`.
        alpha: See `LowRank`.
        first: Stage that the first adapters are in.
        seed: Draws them, whatever was drawn before: a run that was stopped before they trained draws the same.

    Raises:
        UserError: If there is no such layer.
    """
    if not (found := adaptable(network, first)):
        raise UserError(
            "transfer=lora must find linear layers or 1x1 convolutions in the backbone, but there are none. "
            "Use transfer=large_similar, or another model."
        )
    network.base = weights_hash(network.backbone)
    generator = torch.Generator(found[0].weight.device).manual_seed(seed)
    for module in found:
        parametrize.register_parametrization(module, "weight", LowRank(module.weight, rank, alpha, generator))
    return network


def adaptable(network: Any, first: int = 0) -> list[Any]:
    """List the layers of a backbone that take adapters, from a stage on."""
    stage = network.stem.parameter_stages()
    return [
        module
        for name, module in network.backbone.named_modules()
        if _takes(module) and stage[f"{name}.weight".lstrip(".")] >= first
    ]


def merge(network: Any) -> Any:
    """Add the adapters to the weights and take them off, in place: a plain network, whose `state_dict` is whole."""
    network.num_merged += sum(value.numel() for _, value in adapter_parameters(network))
    for module in list(network.backbone.modules()):
        if parametrize.is_parametrized(module, "weight") and _is_adapted(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    network.base = None
    return network


def is_adapter(name: str) -> bool:
    """Tell whether a parameter is part of an adapter, by its name."""
    return name.rpartition(".")[2] in PARTS


def adapter_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """List the parameters of adapters."""
    return ((name, value) for name, value in module.named_parameters() if is_adapter(name))


def leave_out_base(network: Any, state: dict[str, Any], prefix: str, _: Any) -> None:
    """Leave out of the state of an adapted network what its base has, but for the hash of that."""
    if network.base is None:
        return
    for name in [each for each in state if each.startswith(f"{prefix}backbone.") and not is_adapter(each)]:
        del state[name]
    state[prefix + BASE] = torch.tensor(list(bytes.fromhex(network.base)), dtype=torch.uint8)


def fill_in_base(network: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Complete a state that is about to be loaded by the base of an adapted network.

    Raises:
        UserError: If the state belongs to another base.
    """
    if network.base is None:
        return
    kept = state.pop(prefix + BASE, None)
    found = None if kept is None else bytes(kept.tolist()).hex()
    if found != network.base:
        raise UserError(
            f"a checkpoint of transfer=lora must meet the weights that it was trained on, whose hash is {found}, but "
            f"model.pretrained gives weights of {network.base}. Bring those weights back."
        )
    for name, value in network.backbone.state_dict(prefix=f"{prefix}backbone.").items():
        if not is_adapter(name):
            state.setdefault(name, value)


def _takes(module: nn.Module) -> bool:
    """Tell whether a layer is linear, a convolution of single pixels included."""
    if isinstance(module, nn.Conv2d):
        return module.groups == 1 and tuple(module.kernel_size) == (1, 1)
    return isinstance(module, nn.Linear)


def _is_adapted(module: Any) -> bool:
    return any(isinstance(each, LowRank) for each in module.parametrizations.weight)
