"""Linear heads for values, in closed form."""

from collections.abc import Sequence

import torch
from torch import Tensor

from groundwork.transfer.spectrum import Linear, Spectrum, decompose


def solve_ridge(features: Tensor, target: Tensor, strengths: Sequence[float]) -> list[Linear]:
    """Fit a linear head to values at every strength of the penalty.

    Minimizes sum_i (y_i - W x_i - b)^2 + strength * |W|^2 on features standardized by these rows; strength is the
    `alpha` of scikit-learn's Ridge. One decomposition serves all strengths, and all targets that miss the same rows.

    Args:
        features: (N, D) raw features.
        target: (N, T) values, NaN where missing; a sample counts only for the targets that it has.
        strengths: Each above 0.

    Returns:
        One head (T, D) on raw features for each strength, in the order of `strengths`.
    """
    if target.ndim != 2:
        raise ValueError(f"target must have shape (N, T), but got {tuple(target.shape)}")
    if min(strengths) <= 0:
        raise ValueError(f"strengths must be above 0, but got {min(strengths)}")
    heads = [_blank(target.shape[1], features) for _ in strengths]
    present = ~target.isnan()
    for pattern, columns in _by_pattern(present):
        if int(pattern.sum()) < 2:
            raise ValueError(f"target must have two values or more in column {columns[0]}, but got fewer")
        solved = _solve(decompose(features[pattern]), target[pattern][:, columns], strengths)
        for head, part in zip(heads, solved, strict=True):
            head.weight[columns], head.bias[columns] = part.weight, part.bias
    return heads


def _solve(spectrum: Spectrum, target: Tensor, strengths: Sequence[float]) -> list[Linear]:
    values = target.to(spectrum.scores.dtype)
    mean = values.mean(dim=0)
    moments = spectrum.scores.T @ (values - mean)
    return [
        spectrum.fold((moments / (spectrum.variances + strength)[:, None]).T, mean) for strength in strengths
    ]


def _by_pattern(present: Tensor) -> list[tuple[Tensor, list[int]]]:
    groups: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        groups.setdefault(present[:, column].cpu().numpy().tobytes(), []).append(column)
    return [(present[:, columns[0]], columns) for columns in groups.values()]


def _blank(num_targets: int, features: Tensor) -> Linear:
    weight = torch.zeros(num_targets, features.shape[1], device=features.device)
    return Linear(weight, torch.zeros(num_targets, device=features.device))
