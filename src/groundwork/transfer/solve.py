"""The exact head for a task: one call, whatever the kind of target."""

from collections.abc import Sequence

import torch
from torch import Tensor

from groundwork.transfer.ridge import solve_ridge
from groundwork.transfer.softmax import solve_softmax
from groundwork.transfer.spectrum import Linear


def solve_head(
    features: Tensor,
    target: Tensor,
    num_outputs: int,
    strengths: Sequence[float],
    class_weights: Tensor | None = None,
    sample_weight: Tensor | None = None,
) -> list[Linear]:
    """Solve a softmax head for class numbers (N,), a ridge head for values (N, T), at every strength.

    Rows without a class (-1), or without any value, are left out.
    """
    if target.ndim == 1:
        known = target >= 0
        weight = None if sample_weight is None else sample_weight[known]
        return solve_softmax(features[known], target[known], num_outputs, strengths, class_weights, weight)
    known = ~target.isnan().all(dim=1)
    weight = None if sample_weight is None else sample_weight[known]
    return solve_ridge(features[known], target[known], strengths, weight)


def average_views(outputs: Sequence[Tensor]) -> Tensor:
    """Average the outputs (N, K) of several views of the same samples."""
    return torch.stack(list(outputs)).mean(0)
