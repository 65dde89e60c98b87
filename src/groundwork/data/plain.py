"""Batches as stored -> normalized floats, for a LightningModule that does not normalize by itself."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from groundwork.core.scaling import INTEGER_RANGE, piecewise_linear


def normalized(inputs: Tensor, info: Mapping[str, Any]) -> Tensor:
    """Bring raw inputs to float32 by what was measured on train.

    Args:
        inputs: Images (B, C, H, W), or rows (B, D) of a table.
        info: See `Prepared.describe`.

    Returns:
        Images (B, C, H, W) in [0, 1], less the mean, by the standard deviation; or rows (B, D'): numbers completed
        and scaled, a 0/1 column for each one with an indicator, and a 0/1 column for each code of a category.
    """
    if info["kind"] == "image":
        image = info["image"]
        mean, std = (
            torch.tensor(image[name], dtype=torch.float32, device=inputs.device).view(1, -1, 1, 1)
            for name in ("mean", "std")
        )
        return (inputs.float() / INTEGER_RANGE.get(inputs.dtype, 1.0) - mean) / std
    columns = info["columns"]["columns"]
    numbers = [(place, column) for place, column in enumerate(columns) if column["kind"] == "numeric"]
    parts = [_scaled(inputs[:, [place]], column) for place, column in numbers]
    parts += [inputs[:, [place]].isnan() for place, column in numbers if column["indicator"]]
    for place, column in enumerate(columns):
        if column["kind"] == "categorical":
            codes = inputs[:, place].long()
            codes = torch.where(codes == 0, int(column["fill"] or 0), codes)
            parts.append(functional.one_hot(codes, 2 + len(column["categories"])))
    return torch.cat([part.float() for part in parts], dim=1)


def _scaled(values: Tensor, column: Mapping[str, Any]) -> Tensor:
    filled = values.nan_to_num(column["fill"] or 0.0, torch.inf, -torch.inf)
    if column.get("scores"):
        knots, scores = (
            torch.tensor([list(column[name])], dtype=values.dtype, device=values.device)
            for name in ("knots", "scores")
        )
        return piecewise_linear(filled, knots, scores)
    scaled: Tensor = (filled - column["center"]) / column["scale"]
    return scaled


def num_features(info: Mapping[str, Any]) -> int:
    """Count the columns D' of a normalized table."""
    return sum(
        1 + bool(column["indicator"]) if column["kind"] == "numeric" else 2 + len(column["categories"])
        for column in info["columns"]["columns"]
    )
