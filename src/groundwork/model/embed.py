"""Columns of a table -> vectors: of categories by lookup, of numbers by waves."""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

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
        one_hot: Most codes of a column that gets a fixed vector of 0 and one 1 for each code; 0 for none.
    """

    def __init__(
        self,
        num_numeric: int,
        cardinalities: Sequence[int],
        max_width: int,
        numbers: NumbersFactory | None,
        one_hot: int = 0,
    ):
        super().__init__()
        self.num_numeric = num_numeric
        self.numbers: Any = nn.Identity() if numbers is None or not num_numeric else numbers(num_numeric)
        width = getattr(self.numbers, "num_features", num_numeric)
        widths = [
            codes if codes <= one_hot else min(max_width, round(1.6 * codes**0.56)) for codes in cardinalities
        ]
        self.tables = nn.ModuleList(
            nn.Embedding(codes, width) for codes, width in zip(cardinalities, widths, strict=True)
        )
        self.num_features = width + sum(widths)

        for place, codes in enumerate(cardinalities):
            if codes <= one_hot:
                cast(nn.Embedding, self.tables[place]).weight = nn.Parameter(
                    torch.eye(codes), requires_grad=False
                )
            self.register_buffer(f"share_{place}", None, persistent=False)

    def span(self, position: int) -> range:
        """Name the columns of the result that one column of the rows becomes."""
        numbers = getattr(self.numbers, "num_features", self.num_numeric)
        if position < self.num_numeric:
            width = numbers // self.num_numeric
            return range(position * width, (position + 1) * width)
        widths = [cast(nn.Embedding, table).embedding_dim for table in self.tables]
        start = numbers + sum(widths[: position - self.num_numeric])
        return range(start, start + widths[position - self.num_numeric])

    def show_counts(self, counts: Sequence[Sequence[int]]) -> None:
        """Note how often training shows each code, so that one it never shows gets the mean vector of those it does.

        Args:
            counts: Of each table, (codes,) training rows by code; empty where it is not known, and nothing changes.
        """
        for place, rows in enumerate(counts):
            total = sum(rows)
            share = torch.tensor([count / total for count in rows]) if total else None
            setattr(self, f"share_{place}", share)

    def forward(self, rows: Tensor) -> Tensor:
        """Turn rows (B, num_numeric + number of tables) into (B, num_features)."""
        codes = rows[:, self.num_numeric :].long()
        vectors = [self._vectors(place, codes[:, place]) for place in range(len(self.tables))]
        return torch.cat([self.numbers(rows[:, : self.num_numeric]), *vectors], dim=1)

    def complete(self) -> bool:
        """Write the mean vector into the rows that training never showed; tell whether there was one."""
        changed = False
        for place, table in enumerate(self.tables):
            share: Tensor | None = getattr(self, f"share_{place}")
            if share is not None and bool((share == 0).any()):
                weight = cast(nn.Embedding, table).weight
                with torch.no_grad():
                    weight[share == 0] = _mean(share, weight)
                changed = True
        return changed

    def _vectors(self, place: int, codes: Tensor) -> Tensor:
        """Look codes (B,) up. While training shows them, each has its own vector, whatever it was drawn as."""
        table = cast(nn.Embedding, self.tables[place])
        share: Tensor | None = getattr(self, f"share_{place}")
        vectors: Tensor = table(codes)
        if self.training or share is None:
            return vectors
        return torch.where((share == 0)[codes][:, None], _mean(share, table.weight), vectors)


def complete_embeddings(network: nn.Module) -> bool:
    """Write what evaluation takes for categories that training never showed into the weights; see `Embeddings`."""
    embeddings = [module for module in network.modules() if isinstance(module, Embeddings)]
    return sum(module.complete() for module in embeddings) > 0


def _mean(share: Tensor, weight: Tensor) -> Tensor:
    """Average vectors (codes, D) by their share of the training rows; in full precision, whatever autocast says."""
    return (share[:, None] * weight).sum(dim=0)


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
