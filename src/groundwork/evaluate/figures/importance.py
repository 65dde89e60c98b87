"""A network that reads a table -> which columns move its prediction most, without running it once for each."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.model import MLP, Network, TableNormalize

BLOCK = 8192  # rows that pass the network at once
FEW = 64  # columns that are all measured by the network itself
SPARE = 3  # times as many as are asked for are measured by it where there are more


def most_important(network: Network, inputs: Tensor, outputs: Sequence[int], most: int) -> list[int]:
    """Order the columns by how much the prediction changes when their values change rows; the first of them.

    Of many columns, those that come near the first ones are found by `screen`, and measured as few are.

    Args:
        inputs: (N, D) rows as the network reads them.
        outputs: Of the prediction.
        most: How many to name.
    """
    if isinstance(network, nn.Module):
        network.eval()
    turned = torch.roll(inputs, len(inputs) // 2, dims=0)
    places = np.arange(inputs.shape[1])
    if (
        len(places) > max(FEW, SPARE * most)
        and (rough := screen(network, inputs, turned, outputs)) is not None
    ):
        places = np.sort(np.argsort(-rough, kind="stable")[: SPARE * most])
    as_is = predict(network, inputs)[:, outputs]
    scale = np.maximum(as_is.std(axis=0), 1e-12)
    moved = np.empty(len(places))
    for number, place in enumerate(places):
        other = inputs.clone()
        other[:, place] = turned[:, place]
        moved[number] = (np.abs(predict(network, other)[:, outputs] - as_is) / scale).mean()
    return [int(place) for place in places[np.argsort(-moved, kind="stable")][:most]]


def screen(
    network: Network, inputs: Tensor, turned: Tensor, outputs: Sequence[int]
) -> NDArray[np.float64] | None:
    """Measure every column of an MLP up to rounding: its first layer is linear, so one column adds one small product.

    W e' + b = (W e + b) + W_j (e'_j - e_j), where e_j are the embedded values of column j.

    Returns:
        (D,) mean change; None where the network is built otherwise.
    """
    backbone, normalize = network.backbone, network.normalize
    if not isinstance(backbone, MLP) or not isinstance(normalize, TableNormalize) or backbone.num_stages < 2:
        return None
    if network.pool.stages != (backbone.num_stages - 1,):
        return None
    first, linear, *rest = backbone.first_linear()
    before, after = first(normalize(inputs)), first(normalize(turned))
    summed, weight = linear(before), cast(nn.Linear, linear).weight
    as_is = _finish(network, summed, rest).double().cpu().numpy()[:, outputs]
    scale = np.maximum(as_is.std(axis=0), 1e-12)
    spans = [
        [position for row in normalize.positions(place) for position in backbone.span(row)]
        for place in range(inputs.shape[1])
    ]
    moved, together = [], max(1, BLOCK // len(inputs))
    for start in range(0, len(spans), together):
        tried = torch.cat(
            [
                summed + (after[:, span] - before[:, span]) @ weight[:, span].T
                for span in spans[start : start + together]
            ]
        )
        found = _finish(network, tried, rest).double().cpu().numpy()[:, outputs]
        apart = np.abs(found.reshape(-1, *as_is.shape) - as_is) / scale
        moved.append(apart.mean(axis=(1, 2)))
    return np.concatenate(moved)


def with_column(network: Network, inputs: Tensor, place: int, values: Tensor) -> NDArray[np.float64]:
    """Predict all rows (N, D) with one column set to each of V values: (V * N, K), the values one after the other.

    Rows are normalized column by column, so what the other columns become is computed once.
    """
    normalize = getattr(network, "normalize", None)
    if not isinstance(normalize, TableNormalize):
        tried = inputs.repeat(len(values), 1)
        tried[:, place] = values.repeat_interleave(len(inputs))
        return predict(network, tried)
    rows = normalize(inputs).repeat(len(values), 1)
    one = inputs[:1].repeat(len(values), 1)
    one[:, place] = values
    changed = normalize(one)
    for position in normalize.positions(place):
        rows[:, position] = changed[:, position].repeat_interleave(len(inputs))
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    pool = network.pool
    parts = [network.head(pool(network.stem(block, pool.stages))) for block in blocks]
    return np.concatenate([network.decode(part).double().cpu().numpy() for part in parts])


def predict(network: Network, inputs: Tensor) -> NDArray[np.float64]:
    """Predict rows (N, D), block by block: (N, K)."""
    blocks = [inputs[start : start + BLOCK] for start in range(0, len(inputs), BLOCK)]
    parts = [network.decode(network(block)).double().cpu().numpy() for block in blocks]
    return np.concatenate(parts)


def _finish(network: Network, hidden: Tensor, rest: Sequence[nn.Module]) -> Tensor:
    """Run what follows the first linear layer."""
    for module in rest:
        hidden = module(hidden)
    return network.decode(network.head(network.pool([hidden])))
