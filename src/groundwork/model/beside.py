"""Columns of a row -> the numbers that a head reads beside the features of an image."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from torch import Tensor, nn

from groundwork.model.embed import Embeddings
from groundwork.model.normalize import TableNormalize

EVERY = 2**31  # codes of a column, all of which get a place of their own


class ColumnEncoder(nn.Module):
    """Complete and scale numbers, and give each category a place of its own; nothing in it is trained.

    A category that training never showed gets the mean of those that it did.

    Args:
        columns: Statistics of each column in the order of the input, see `TableNormalize`.

    Attributes:
        num_features: Numbers that come out.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]]):
        super().__init__()
        self.normalize = TableNormalize({column["name"]: column for column in columns})
        self.encode = Embeddings(
            self.normalize.num_numeric, self.normalize.cardinalities, 0, None, one_hot=EVERY
        )
        self.encode.show_counts(self.normalize.counts)
        self.num_features = self.encode.num_features
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode: what training never showed means the same while the head is fitted."""
        return super().train(False)

    def forward(self, rows: Tensor) -> Tensor:
        """Turn rows (B, D) into (B, num_features) float32."""
        encoded: Tensor = self.encode(self.normalize(rows))
        return encoded.float()
