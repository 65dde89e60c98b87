"""Rows of a table -> the features of k networks that share most of their weights."""

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.model.embed import Embeddings, NumbersFactory
from groundwork.model.staged import FirstLinear, RowBackbone

SIZES = ((32, 256), (32, 128), (16, 128), (16, 64), (8, 64))  # k, width; the largest first
NUMBER_WIDTHS, FEW_NUMBERS = (16, 8), 12  # up to so many numbers, and of more
BUDGET = 1e9  # multiplications of one pass over train that `auto` may cost


class _Numbers(nn.Module):
    """Turn numbers (B, N) into vectors side by side, (B, N * width)."""

    def __init__(self, num_numeric: int, embed: nn.Module):
        super().__init__()
        self.embed = embed
        self.num_features = num_numeric * int(embed.get_output_shape()[-1])  # type: ignore[operator]

    def forward(self, numbers: Tensor) -> Tensor:
        vectors: Tensor = self.embed(numbers)
        return vectors.flatten(1)


def tabm_size(num_rows: int, num_columns: int, depth: int) -> tuple[int, int]:
    """Choose k and the width of `TabM`: the largest of SIZES whose pass over train stays within BUDGET.

    Args:
        num_rows: Of train.
        num_columns: After embedding.
        depth: Hidden layers.
    """
    for members, width in SIZES:
        if num_rows * members * width * (num_columns + (depth - 1) * width) <= BUDGET:
            return members, width
    return SIZES[-1]


class TabM(RowBackbone):
    """Turn table rows into the features of k perceptrons that are trained as one and predict by their mean.

    Stage 0 is the embedded row, stage s holds hidden layer s of all k side by side, (B, k * width). The head has k
    parts, too, each with a loss of its own while it trains.

    Args:
        num_numeric: See `Embeddings`.
        cardinalities: See `Embeddings`.
        bins: Edges of the bins of each number, ascending, in the units in which it comes.
        num_rows: Of train.
        k: How many; auto follows rows and columns, see `tabm_size`.
        width: Of each hidden layer; auto likewise.
        depth: Hidden layers.
        dropout: After each hidden layer, in [0, 1).
        numbers: How numbers enter: piecewise_linear, periodic, or plain, as they are.
        number_width: Vector of each number; auto: NUMBER_WIDTHS, by how many there are.
        frequency_scale: Standard deviation of the first frequencies of `periodic`.
        embedding_width: Longest vector of a category that is not one-hot.
        one_hot: Most codes of a column that enters one-hot.

    Source:
        Gorishniy et al., ICLR 2025, arXiv:2410.24210, by the package of its authors.
    """

    def __init__(
        self,
        num_numeric: int,
        cardinalities: Sequence[int],
        bins: Sequence[Sequence[float]],
        num_rows: int,
        k: int | Literal["auto"],
        width: int | Literal["auto"],
        depth: int,
        dropout: float,
        numbers: Literal["piecewise_linear", "periodic", "plain"],
        number_width: int | Literal["auto"],
        frequency_scale: float,
        embedding_width: int,
        one_hot: int,
    ):
        from tabm import make_tabm_backbone  # scikit-learn comes with it: not for every network

        super().__init__()
        check_choice("model.numbers", numbers, ("piecewise_linear", "periodic", "plain"))

        usual = NUMBER_WIDTHS[num_numeric > FEW_NUMBERS]
        vector = _whole("number_width", number_width, usual)
        embed: NumbersFactory | None = None
        if numbers == "periodic":
            embed = partial(_periodic, width=vector, scale=frequency_scale)
        elif numbers == "piecewise_linear":
            embed = partial(_piecewise, bins=bins, width=vector)
        embeddings = Embeddings(num_numeric, cardinalities, embedding_width, embed, one_hot)
        usual_k, usual_width = tabm_size(num_rows, embeddings.num_features, depth)
        self.num_members, layer = _whole("k", k, usual_k), _whole("width", width, usual_width)
        self.size = {"k": self.num_members, "width": layer, "number_width": vector}
        spans = [embeddings.span(place) for place in range(num_numeric + len(cardinalities))]
        blocks = make_tabm_backbone(
            d_in=embeddings.num_features,
            n_blocks=depth,
            d_block=layer,
            dropout=dropout,
            k=self.num_members,
            start_scaling_init="random-signs" if numbers == "plain" else "normal",
            start_scaling_init_chunks=[len(span) for span in spans],
        ).blocks
        for block in blocks:
            # Dropout comes before a layer, the last is the head's.
            cast(nn.Sequential, block)[2] = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList([embeddings, *blocks])
        self.channels = (embeddings.num_features, *(self.num_members * layer for _ in blocks))
        self.spatial = (False,) * len(self.channels)

    def forward(self, rows: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Compute the asked stages, all by default, (B, D_s) each."""
        wanted = list(range(self.num_stages)) if stages is None else list(stages)
        hidden: Tensor = self.layers[0](rows)
        found = [hidden]
        for stage, layer in enumerate(list(self.layers)[1 : max(wanted) + 1]):
            if stage == 0:
                linear, *rest = cast(nn.Sequential, layer)
                hidden = nn.Sequential(*rest)(_all_members(linear, hidden))
            else:
                hidden = layer(self.dropout(hidden))
            found.append(hidden.flatten(1))
        return [found[stage] for stage in wanted]

    def first_linear(self) -> FirstLinear | None:
        """Take the networks apart at their first linear layer; None of the embedded row alone."""
        if self.num_stages < 2:
            return None
        embeddings, hidden, *others = self.layers
        linear, *rest = cast(nn.Sequential, hidden)
        return FirstLinear(
            embeddings,
            partial(_all_members, linear),
            lambda change, span: _all_members(linear, change, span),
            [*rest, *others, nn.Flatten()],
        )

    def no_weight_decay(self) -> set[str]:
        """Name how numbers are read, and what tells the k networks apart: their scalings and biases."""
        return {
            name for name, _ in self.named_parameters() if ".numbers." in name or name[-2:] in (".r", ".s")
        }

    def prune(self, stage: int) -> None:
        """Drop the layers after a stage; of the embedded row alone there is one network."""
        super().prune(stage)
        self.num_members = self.num_members if self.num_stages > 1 else 1


def _all_members(layer: Any, rows: Tensor, span: Sequence[int] | None = None) -> Tensor:
    """Run the first linear layer of all k networks on the same rows (B, F): (B, k, width).

    Its package scales the rows k times, (B, k, F), which of a wide table is most of the memory and the time; scaling
    the weights instead, (k, width, F), is the same but for rounding, and cheaper once rows outnumber the width.

    Args:
        span: Columns that the rows hold, of which the part of the result is given, without the bias.
    """
    weight, scale = layer.weight, layer.r
    if span is not None:
        weight, scale = weight[:, span], scale[:, span]
    if layer.training and len(rows) <= len(weight):
        found: Tensor = (rows[:, None] * scale) @ weight.T
    else:
        scaled = (weight * scale[:, None]).flatten(0, 1)
        found = nn.functional.linear(rows, scaled).reshape(-1, len(scale), len(weight))
    found = found * layer.s
    return found if span is not None else found + layer.bias


def _whole(name: str, value: int | str, usual: int) -> int:
    if value == "auto":
        return usual
    if not isinstance(value, int) or value < 1:
        raise UserError(
            f"model.{name} must be auto or a whole number of at least 1, but got {value}. Change it."
        )
    return value


def _periodic(num_numeric: int, width: int, scale: float) -> nn.Module:
    from rtdl_num_embeddings import PeriodicEmbeddings  # see above

    return _Numbers(
        num_numeric, PeriodicEmbeddings(num_numeric, width, frequency_init_scale=scale, lite=False)
    )


def _piecewise(num_numeric: int, bins: Sequence[Sequence[float]], width: int) -> nn.Module:
    """Embed numbers by straight pieces between the edges, which must differ in float32."""
    from rtdl_num_embeddings import PiecewiseLinearEmbeddings  # see above

    edges = []
    for one in bins:
        distinct = torch.from_numpy(np.unique(np.asarray(one, np.float32)))
        apart = distinct.diff() > 1e-6 * max(1.0, float(distinct.abs().max()))
        distinct = torch.cat([distinct[:1], distinct[1:][apart]])
        if len(distinct) < 2:
            distinct = torch.stack([distinct[0], torch.nextafter(distinct[0], torch.tensor(math.inf)) + 1])
        edges.append(distinct)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a column of two values needs no more than one bin
        embed = PiecewiseLinearEmbeddings(edges, width, activation=False, version="B")
    return _Numbers(num_numeric, embed)
