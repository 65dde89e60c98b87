"""A network -> the same network with its weights drawn anew."""

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn import init

from groundwork.core.ranges import check_choice

Init = Literal["default", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal",
               "truncated_normal"]  # fmt: skip
INITIALIZERS: dict[str, Callable[[Tensor], Tensor]] = {
    "kaiming_normal": lambda weight: init.kaiming_normal_(weight, nonlinearity="relu"),
    "kaiming_uniform": lambda weight: init.kaiming_uniform_(weight, nonlinearity="relu"),
    "xavier_normal": init.xavier_normal_,
    "xavier_uniform": init.xavier_uniform_,
    "orthogonal": init.orthogonal_,
    "truncated_normal": lambda weight: init.trunc_normal_(weight, std=0.02),
}


def initialize(module: nn.Module, method: Init) -> None:
    """Draw the weights of linear and convolution layers, and set their biases to 0.

    Args:
        module: Network from scratch, changed in place.
        method: A key of INITIALIZERS, or "default", which leaves what the layers drew themselves.

    Raises:
        UserError: If the method is unknown.
    """
    check_choice("model.init", method, get_args(Init))
    if method == "default":
        return
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            INITIALIZERS[method](layer.weight)
            if layer.bias is not None:
                init.zeros_(layer.bias)
