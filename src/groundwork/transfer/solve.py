"""The exact head for a task: one call, whatever the kind of target."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from groundwork.transfer.logistic import label_weights, solve_labels
from groundwork.transfer.ridge import solve_ridge
from groundwork.transfer.softmax import solve_softmax
from groundwork.transfer.spectrum import Linear


def solve_head(
    features: Tensor,
    target: Tensor,
    num_outputs: int,
    strengths: Sequence[float],
    class_weights: Tensor | None = None,
    labels: bool = False,
    tolerance: float = 1e-4,
) -> Iterator[Linear]:
    """Solve a softmax head for class numbers (N,), a ridge head for values (N, T), a logistic one for `labels` (N, T).

    One strength comes after the other. Rows without a class (-1), or without any value, are left out. A device without
    float64 leaves the work to the processor. `tolerance` is that of a softmax head.
    """
    if features.device.type == "mps":
        features, target = features.cpu(), target.cpu()
        class_weights = None if class_weights is None else class_weights.cpu()
    if target.ndim == 1:
        known = target >= 0
        return solve_softmax(features[known], target[known], num_outputs, strengths, class_weights, tolerance)
    known = ~target.isnan().all(dim=1)
    if labels:
        return solve_labels(features[known], target[known], strengths, class_weights)
    return iter(solve_ridge(features[known], target[known], strengths))


def head_loss(
    output: Tensor, target: Tensor, class_weights: Tensor | None = None, labels: bool = False
) -> float:
    """Average over samples what `solve_head` minimizes, without the penalty; see `head_losses`."""
    if target.ndim == 1:
        weights = None if class_weights is None else class_weights.to(output)
        return float(cross_entropy(output, target, weights, ignore_index=-1))
    if labels:
        return float(head_losses(output, target, class_weights, labels).nanmean())
    return float((output - target).square().nanmean())


def head_losses(
    output: Tensor, target: Tensor, class_weights: Tensor | None = None, labels: bool = False
) -> Tensor:
    """Give what `solve_head` minimizes for each sample (N,), NaN where its target is unknown.

    Args:
        output: (N, K) logits, or (N, T) scaled values or logits.
        target: (N,) class numbers, -1 where unknown, or (N, T) scaled values or `labels`, NaN where missing.
        class_weights: (K,), or (T,) of the rows that have a label.
    """
    if labels:
        each = label_weights(target, class_weights) * (softplus(output) - target.nan_to_num() * output)
        return torch.where(target.isnan(), torch.nan, each).nanmean(dim=1)
    if target.ndim > 1:
        return (output - target).square().nanmean(dim=1)
    weights = None if class_weights is None else class_weights.to(output)
    each = cross_entropy(output, target.clamp(min=0), weights, reduction="none")
    return torch.where(target < 0, torch.nan, each)
