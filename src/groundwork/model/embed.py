"""Columns of a table -> vectors: of categories by lookup, of numbers by waves."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

NumbersFactory = Callable[[int], nn.Module]


class Embeddings(nn.Module):
    """Join numbers with one learned vector per category.

    Args:
        num_numeric: Numbers at the start of a row.
        cardinalities: Codes of each categorical column, which follow the numbers.
        max_width: Longest vector; a column of n codes gets round(1.6 * n^0.56) of them, fastai's rule.
        numbers: Builds a module that turns the numbers (B, num_numeric) into (B, its `num_features`); None
            leaves them as they are.
    """

    def __init__(
        self,
        num_numeric: int,
        cardinalities: Sequence[int],
        max_width: int,
        numbers: NumbersFactory | None,
    ):
        super().__init__()
        self.num_numeric = num_numeric
        self.numbers: Any = nn.Identity() if numbers is None or not num_numeric else numbers(num_numeric)
        width = getattr(self.numbers, "num_features", num_numeric)
        widths = [min(max_width, round(1.6 * codes**0.56)) for codes in cardinalities]
        self.tables = nn.ModuleList(
            nn.Embedding(codes, width) for codes, width in zip(cardinalities, widths, strict=True)
        )
        self.num_features = width + sum(widths)

    def forward(self, rows: Tensor) -> Tensor:
        """Turn rows (B, num_numeric + number of tables) into (B, num_features)."""
        codes = rows[:, self.num_numeric :].long()
        vectors = [table(codes[:, place]) for place, table in enumerate(self.tables)]
        return torch.cat([self.numbers(rows[:, : self.num_numeric]), *vectors], dim=1)


class PeriodicNumbers(nn.Module):
    """Turn each number into a vector, so that a network can bend sharply where a number matters.

    z_j = relu(W_j [cos(2 pi c_j x_j), sin(2 pi c_j x_j)] + b_j) for column j, with c_j and W_j learned.

    Args:
        num_numeric: Numbers per row, standardized.
        num_frequencies: Length of c_j.
        frequency_scale: Standard deviation of the first c_j, per standard deviation of the column. The
            smaller, the smoother the function that is learned first.
        width: Length of z_j.

    Source:
        Gorishniy et al., NeurIPS 2022, arXiv:2203.05556, section 3.3 ("PLR").
    """

    def __init__(self, num_numeric: int, num_frequencies: int, frequency_scale: float, width: int):
        super().__init__()
        self.num_features = num_numeric * width
        self.frequency = nn.Parameter(torch.randn(num_numeric, num_frequencies) * frequency_scale)
        bound = 1 / math.sqrt(2 * num_frequencies)
        self.weight = nn.Parameter(
            torch.empty(num_numeric, 2 * num_frequencies, width).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(num_numeric, width).uniform_(-bound, bound))

    def forward(self, numbers: Tensor) -> Tensor:
        """Turn numbers (B, num_numeric) into (B, num_numeric * width)."""
        angle = 2 * math.pi * self.frequency * numbers[:, :, None]
        waves = torch.cat([angle.cos(), angle.sin()], dim=2)
        return torch.einsum("bnf,nfw->bnw", waves, self.weight).add(self.bias).relu().flatten(1)
