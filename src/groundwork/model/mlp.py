"""Rows of a table -> features, by a multilayer perceptron."""

from collections.abc import Sequence
from typing import Literal, cast

from torch import nn

from groundwork.core.ranges import check_choice
from groundwork.model.embed import Embeddings, NumbersFactory
from groundwork.model.initialize import Init, initialize
from groundwork.model.staged import FirstLinear, RowBackbone

Activation = Literal["relu", "gelu", "silu", "tanh"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


NORMS: dict[str, type[nn.Module]] = {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


class MLP(RowBackbone):
    """Turn table rows into features by linear layers; no hidden layer makes a linear model.

    Stage 0 is the embedded row, stage s the output of hidden layer s.

    Args:
        num_numeric: See `Embeddings`.
        cardinalities: See `Embeddings`.
        numbers: See `Embeddings`.
        hidden: Width of each hidden layer.
        activation: A key of ACTIVATIONS.
        norm: Normalization before the activation.
        dropout: Between hidden layers, in [0, 1); the head drops out after the last.
        embedding_width: Longest vector of a category.
        init: How weights are drawn, see `initialize`.
    """

    def __init__(
        self,
        num_numeric: int,
        cardinalities: Sequence[int],
        numbers: NumbersFactory | None,
        hidden: Sequence[int],
        activation: Activation,
        norm: Literal["none", "batch", "layer"],
        dropout: float,
        embedding_width: int,
        init: Init,
    ):
        super().__init__()
        check_choice("model.activation", activation, ACTIVATIONS)
        check_choice("model.norm", norm, NORMS)
        embeddings = Embeddings(num_numeric, cardinalities, embedding_width, numbers)
        self.channels = (embeddings.num_features, *hidden)
        self.spatial = (False,) * len(self.channels)
        layers = [
            _layer(fan_in, fan_out, activation, norm, dropout if place else 0.0)
            for place, (fan_in, fan_out) in enumerate(zip(self.channels, hidden, strict=False))
        ]
        self.layers = nn.ModuleList([embeddings, *layers])
        initialize(self, init)

    def first_linear(self) -> FirstLinear | None:
        """Take the perceptron apart at its first linear layer; None where only the head is linear."""
        if self.num_stages < 2:
            return None
        embeddings, hidden, *others = self.layers
        _, linear, *rest = cast(nn.Sequential, hidden)  # the first one drops out
        weight = cast(nn.Linear, linear).weight
        return FirstLinear(
            embeddings, linear, lambda change, span: change @ weight[:, span].T, [*rest, *others]
        )

    def no_weight_decay(self) -> set[str]:
        """Name the frequencies of numbers, whose size is their meaning."""
        return {name for name, _ in self.named_parameters() if name.endswith(".frequency")}


def _layer(fan_in: int, fan_out: int, activation: str, norm: str, dropout: float) -> nn.Sequential:
    layers = [
        nn.Dropout(dropout),
        nn.Linear(fan_in, fan_out),
        NORMS[norm](fan_out),
        ACTIVATIONS[activation](),
    ]
    return nn.Sequential(*layers)
