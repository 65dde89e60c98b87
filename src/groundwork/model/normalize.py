"""Raw inputs -> float32 inputs in the range that a backbone expects, with everything fitted inside."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from groundwork.core.pair import Pair
from groundwork.core.quantiles import only_value
from groundwork.core.scaling import INTEGER_RANGE, piecewise_linear


class ImageNormalize(nn.Module):
    """Scale images to [0, 1], then subtract the mean and divide by the standard deviation.

    Args:
        mean: One per channel, or fewer, which then repeat: a grey mean serves every channel, and the three
            of a color backbone go round over the channels of a multispectral image.
        std: As `mean`.
        num_channels: Channels of the result. Grey images are repeated up to it, which gives the same
            features as summing the first layer over its channels.

    Attributes:
        memory_format: Of the result.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float], num_channels: int):
        super().__init__()
        self.num_channels = num_channels
        self.memory_format = torch.channels_last
        for name, values in (("mean", mean), ("std", std)):
            cycled = [float(values[channel % len(values)]) for channel in range(num_channels)]
            self.register_buffer(name, torch.tensor(cycled).view(1, -1, 1, 1))

    def forward(self, image: Tensor | Pair) -> Tensor:
        """Normalize (B, C, H, W) uint8 or uint16 of full range, or floats in [0, 1]; of pairs the images."""
        if isinstance(image, Pair):
            image = image.image
        scale = INTEGER_RANGE.get(image.dtype)
        values = image.to(torch.float32)
        if scale is not None:
            values = values / scale
        if values.shape[1] == 1 and self.num_channels > 1:
            values = values.expand(-1, self.num_channels, -1, -1)
        return ((values - self.mean) / self.std).contiguous(memory_format=self.memory_format)


class MapInput(nn.Module):
    """Bring stored feature maps to float32; they are past every normalization.

    Attributes:
        memory_format: Of the result.
    """

    def __init__(self) -> None:
        super().__init__()
        self.memory_format = torch.channels_last

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (B, C, H, W) float16 or float32 into float32."""
        return maps.float().contiguous(memory_format=self.memory_format)


class TableNormalize(nn.Module):
    """Complete and scale the columns of a table by what was fitted on the training rows.

    Numeric columns: missing values become the fill value, then (x - center) / scale, or the scores of a column that
    has some, in float64 until the end. A column that did not vary in train keeps its one value, whatever a row holds:
    what reads it learned nothing of others. Columns with an indicator add one more that is 1 where the value was
    missing. Codes of categories follow as whole numbers in float32, that of a missing one replaced by its fill code.

    Args:
        statistics: Name -> kind ("numeric" or "categorical"), fill, indicator, center, scale, categories;
            columns in the order of the input.

    Attributes:
        num_numeric: Numbers per row of the result: numeric columns, then indicators.
        cardinalities: Codes of each categorical column: 0 missing, 1 unseen, 2 and up the known ones.
        counts: Training rows by code of each categorical column, gaps filled; empty where they were not noted.
        bins: Edges of every number of the result, see `TabM`: at most 49 quantiles of train, 0 and 1 of an indicator.
    """

    fill: Tensor
    code: Tensor
    center: Tensor
    scale: Tensor
    numeric: Tensor
    indicated: Tensor
    categorical: Tensor
    knots: Tensor
    scores: Tensor
    only: Tensor

    def __init__(self, statistics: Mapping[str, Mapping[str, Any]]):
        super().__init__()
        columns = list(statistics.values())
        numeric = [place for place, column in enumerate(columns) if column["kind"] == "numeric"]
        categorical = [place for place, column in enumerate(columns) if column["kind"] == "categorical"]
        indicated = [place for place in numeric if columns[place]["indicator"]]
        for name, places in (("numeric", numeric), ("categorical", categorical), ("indicated", indicated)):
            self.register_buffer(name, torch.tensor(places, dtype=torch.int64))
        for name in ("fill", "center", "scale"):
            # a column whose gaps are refused has no fill value, and none gets here
            values = [float(columns[place][name] or 0.0) for place in numeric]
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        codes = [float(columns[place]["fill"] or 0.0) for place in categorical]
        self.register_buffer("code", torch.tensor(codes, dtype=torch.float64))
        self.num_numeric = len(numeric) + len(indicated)
        self.cardinalities = tuple(2 + len(columns[place]["categories"]) for place in categorical)
        self._places = (numeric, indicated, categorical)
        self.by_rank = any(columns[place].get("scores") for place in numeric)
        for name in ("knots", "scores"):
            found = [list(columns[place].get(name) or [0.0]) for place in numeric] if self.by_rank else []
            longest = max(map(len, found), default=0)
            rows = [row + row[-1:] * (longest - len(row)) for row in found]
            # Built of the description that a checkpoint holds, too; most runs have none.
            self.register_buffer(name, torch.tensor(rows, dtype=torch.float64), persistent=False)
        known = [only_value(columns[place].get("knots") or ()) for place in numeric]
        only = [math.nan if value is None else value for value in known]  # those that varied
        self.register_buffer("only", torch.tensor(only, dtype=torch.float64), persistent=False)
        # Arrays, which Hydra hands on as they are; of lists it would make a node for each number.
        edges = [_edges(columns[place]) for place in numeric] + [[0.0, 1.0] for _ in indicated]
        self.bins = [np.array(one) for one in edges]
        self.counts = tuple(_filled_counts(columns[place]) for place in categorical)

    def positions(self, place: int) -> list[int]:
        """Name the columns of the result that one column of the input becomes."""
        found, before = [], 0
        for places in self._places:
            found += [before + places.index(place)] if place in places else []
            before += len(places)
        return found

    def forward(self, rows: Tensor) -> Tensor:
        """Turn rows (B, D) float64 into (B, num_numeric + number of categorical columns) float32."""
        numbers = rows[:, self.numeric]
        numbers = torch.where(torch.isnan(numbers), self.fill, numbers)
        numbers = torch.where(torch.isnan(self.only), numbers, self.only)
        scaled = (numbers - self.center) / self.scale
        if self.by_rank:
            scaled = piecewise_linear(numbers, self.knots, self.scores)
        missing = torch.isnan(rows[:, self.indicated])
        codes = rows[:, self.categorical]
        codes = torch.where(codes == 0, self.code, codes)
        return torch.cat([scaled.float(), missing.float(), codes.float()], dim=1)


def _edges(column: Mapping[str, Any]) -> list[float]:
    """Give every second quantile of a column in the units of the result; two edges where it has none."""
    known = column.get("scores") or [
        (knot - column["center"]) / column["scale"] for knot in column.get("knots") or ()
    ]
    return [*known[:-1:2], known[-1]] if known else [-1.0, 1.0]


def _filled_counts(column: Mapping[str, Any]) -> tuple[int, ...]:
    """Count the training rows of each code as the backbone reads it: those of gaps belong to the fill code."""
    counts, fill = list(column.get("counts") or ()), int(column["fill"] or 0)
    if counts and fill:
        counts[fill] += counts[0]
        counts[0] = 0
    return tuple(counts)
