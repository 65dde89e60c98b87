"""Weights of a network -> one number that the loss adds."""

from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from groundwork.core.ranges import check_choice, check_range

Penalized = Literal["weights", "all", "head"]


class Penalty(nn.Module):
    """Penalize the weights that train.

    l1 sum |w| + l2 / 2 sum w^2 + l2_sp / 2 sum (w - w0)^2, w0 being where the backbone started.

    With plain SGD, `l2` equals weight decay; with Adam it does not, since Adam rescales its gradient.

    Args:
        l1, l2, l2_sp: At least 0; 0 switches a term off.
        penalized: Which weights `l1` and `l2` mean: "weights" are matrices and kernels, "all" adds biases
            and norms, "head" is the head's matrix. `l2_sp` means every parameter of the backbone.
        network: Has `head` and `backbone`; read here for w0 only.
        start: w0 by name, where the network has moved since; None or a missing name takes it from `network`.

    Source:
        L2-SP: Li et al., ICML 2018, arXiv:1802.01483, equation 2.
    """

    def __init__(
        self,
        l1: float,
        l2: float,
        l2_sp: float,
        penalized: Penalized,
        network: nn.Module,
        start: Mapping[str, Tensor] | None = None,
    ):
        super().__init__()
        for name, strength in (("l1", l1), ("l2", l2), ("l2_sp", l2_sp)):
            check_range(f"loss.{name}", strength, "[0, inf)")
        check_choice("loss.penalized", penalized, get_args(Penalized))
        self.l1, self.l2, self.l2_sp, self.penalized = l1, l2, l2_sp, penalized
        # in the checkpoint, since a resumed run can't read w0 from weights that have moved
        for place, (name, parameter) in enumerate(_backbone(network) if l2_sp else ()):
            began = (start or {}).get(name, parameter)
            self.register_buffer(f"start_{place}", began.detach().clone())

    def forward(self, network: nn.Module) -> Tensor | float:
        """Compute the penalty of a network's weights that are not frozen; 0.0 where none is on."""
        total: Tensor | float = 0.0
        if self.l1 or self.l2:
            weights = list(self.weights(network))
            if self.l1:
                total = total + self.l1 * _total([weight.abs().sum() for weight in weights])
            if self.l2:
                total = total + self.l2 / 2 * _total([weight.square().sum() for weight in weights])
        if self.l2_sp:
            moved = [
                (parameter - self.get_buffer(f"start_{place}")).square().sum()
                for place, (_, parameter) in enumerate(_backbone(network))
                if parameter.requires_grad
            ]
            total = total + self.l2_sp / 2 * _total(moved)
        return total

    def weights(self, network: nn.Module) -> Iterator[Tensor]:
        """Name what `l1` and `l2` penalize."""
        for name, parameter in network.named_parameters():
            matrix = parameter.ndim > 1 and not name.endswith("bias")
            chosen = {"weights": matrix, "all": True, "head": matrix and name.startswith("head.")}
            if parameter.requires_grad and chosen[self.penalized]:
                yield parameter


def _backbone(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [pair for pair in network.named_parameters() if pair[0].startswith("backbone.")]


def _total(terms: list[Tensor]) -> Tensor | float:
    return torch.stack(terms).sum() if terms else 0.0
