"""A network that reads a table -> which columns move its prediction most, without running it once for each."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.model import Network, TableNormalize
from groundwork.model.staged import FirstLinear, RowBackbone

BLOCK = 8192  # rows that pass the network at once
CELLS = 2**21  # of what is computed at once


def most_important(network: Network, inputs: Tensor, outputs: Sequence[int], most: int) -> list[int]:
    """Order the columns by how much the prediction changes when their values change rows; the first of them.

    Args:
        inputs: (N, D) rows as the network reads them.
        outputs: Of the prediction.
        most: How many to name.
    """
    if isinstance(network, nn.Module):
        network.eval()
    turned = torch.roll(inputs, len(inputs) // 2, dims=0)
    moved = screen(network, inputs, turned, outputs)
    if moved is None:
        as_is = predict(network, inputs)[:, outputs]
        scale = np.maximum(as_is.std(axis=0), 1e-12)
        moved = np.empty(inputs.shape[1])
        for place in range(inputs.shape[1]):
            other = inputs.clone()
            other[:, place] = turned[:, place]
            moved[place] = (np.abs(predict(network, other)[:, outputs] - as_is) / scale).mean()
    return [int(place) for place in np.argsort(-moved, kind="stable")[:most]]


def screen(
    network: Network, inputs: Tensor, turned: Tensor, outputs: Sequence[int]
) -> NDArray[np.float64] | None:
    """Measure every column up to rounding where the first layer is linear: one column adds one small product.

    W e' + b = (W e + b) + W_j (e'_j - e_j), where e_j are the embedded values of column j.

    Returns:
        (D,) mean change; None where the network is built otherwise.
    """
    if (first := _taken_apart(network)) is None:
        return None
    normalize = network.normalize
    before, after = first.embed(normalize(inputs)), first.embed(normalize(turned))
    summed = first.linear(before)
    as_is = _finish(network, summed, first.rest)[:, outputs]
    scale = np.maximum(as_is.std(axis=0), 1e-12)
    spans = [_embedded(network, place) for place in range(inputs.shape[1])]
    moved, together = [], max(1, CELLS // summed.numel())
    for start in range(0, len(spans), together):
        tried = torch.cat(
            [
                summed + first.add(after[:, span] - before[:, span], span)
                for span in spans[start : start + together]
            ]
        )
        found = _finish(network, tried, first.rest)[:, outputs]
        apart = np.abs(found.reshape(-1, *as_is.shape) - as_is) / scale
        moved.append(apart.mean(axis=(1, 2)))
    return np.concatenate(moved)


def with_column(network: Network, inputs: Tensor, place: int, values: Tensor) -> NDArray[np.float64]:
    """Predict all rows (N, D) with one column set to each of V values: (V * N, K), the values one after the other.

    Where the first layer is linear, what the other columns add to it is computed once.
    """
    first = _taken_apart(network)
    if first is None:
        tried = inputs.repeat(len(values), 1)
        tried[:, place] = values.repeat_interleave(len(inputs))
        return predict(network, tried)
    one = inputs[:1].repeat(len(values), 1)
    one[:, place] = values
    before, after = first.embed(network.normalize(inputs)), first.embed(network.normalize(one))
    summed, span = first.linear(before), _embedded(network, place)
    parts = [
        _finish(network, summed + first.add(changed - before[:, span], span), first.rest)
        for changed in after[:, span]
    ]
    return np.concatenate(parts)


def predict(network: Network, inputs: Tensor) -> NDArray[np.float64]:
    """Predict rows (N, D), block by block: (N, K)."""
    rows = max(1, min(BLOCK, CELLS // inputs.shape[1]))
    blocks = [inputs[start : start + rows] for start in range(0, len(inputs), rows)]
    parts = [network.decode(network(block)).double().cpu().numpy() for block in blocks]
    return np.concatenate(parts)


def _taken_apart(network: Network) -> FirstLinear | None:
    """Give the parts of a network whose first layer is linear and whose head reads the last one; None of others."""
    if not isinstance(network, Network) or not isinstance(network.normalize, TableNormalize):
        return None
    backbone = network.backbone
    if not isinstance(backbone, RowBackbone) or network.pool.stages != (backbone.num_stages - 1,):
        return None
    return backbone.first_linear()


def _embedded(network: Network, place: int) -> list[int]:
    """Name the embedded columns that a column of the inputs becomes."""
    positions = cast(TableNormalize, network.normalize).positions(place)
    backbone = cast(RowBackbone, network.backbone)
    return [position for row in positions for position in backbone.span(row)]


def _finish(network: Network, hidden: Tensor, rest: Sequence[nn.Module]) -> NDArray[np.float64]:
    """Predict by what follows the first linear layer."""
    for module in rest:
        hidden = module(hidden)
    return network.decode(network.head(network.pool([hidden]))).double().cpu().numpy()
