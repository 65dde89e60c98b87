"""Checks that keep a loss from broadcasting in silence."""

import torch
from torch import Tensor


def check_classes(output: Tensor, target: Tensor) -> None:
    """Require logits (B, K) and classes (B,) or class probabilities (B, K).

    Raises:
        ValueError: If the shapes or types do not fit.
    """
    whole = target.ndim == 1 and not target.is_floating_point() and target.shape[0] == output.shape[0]
    soft = target.is_floating_point() and target.shape == output.shape
    if output.ndim != 2 or not (whole or soft):
        raise ValueError(
            "output and target must be (B, K) logits with (B,) int64 classes or (B, K) probabilities, "
            f"but got {tuple(output.shape)} and {tuple(target.shape)} {target.dtype}."
        )


def check_values(output: Tensor, target: Tensor) -> None:
    """Require values and targets (B, T) of one shape.

    Raises:
        ValueError: If the shapes differ or have no target axis.
    """
    if output.ndim != 2 or output.shape != target.shape:
        raise ValueError(
            "output and target must be (B, T) of one shape, "
            f"but got {tuple(output.shape)} and {tuple(target.shape)}."
        )


def weighted(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Multiply losses (B,) by the weights of the samples (B,), if there are any."""
    if weight is None:
        return losses
    if weight.shape != losses.shape:
        raise ValueError(f"weight must be {tuple(losses.shape)}, but got {tuple(weight.shape)}.")
    return losses * weight


def observed_mean(errors: Tensor, target: Tensor) -> Tensor:
    """Average errors (B, T) over the targets that a sample has: (B,), 0 for a sample without any.

    Args:
        errors: Computed with missing targets replaced, so that no NaN reaches a gradient.
        target: (B, T), NaN where missing.
    """
    observed = ~torch.isnan(target)
    return (errors * observed).sum(dim=1) / observed.sum(dim=1).clamp(min=1)
