"""Standardized features and their principal axes, which every exact head shares."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

# Below this share of the largest eigenvalue an axis is rounding error of the Gram matrix.
RANK_TOLERANCE = 1e-10
# Up to this many numbers, float64 costs less than a second; above, float32 keeps memory and time in hand.
DOUBLE_LIMIT = 8_000_000


class Linear(NamedTuple):
    """Hold a linear head on raw features: weight (K, D) and bias (K,), float32."""

    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return (N, K) outputs for (N, D) raw features."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True)
class Spectrum:
    """Hold features in the coordinates of their principal axes.

    Attributes:
        center: (D,) what is subtracted from raw features.
        scale: (D,) what centered features are divided by; 1 where a feature is constant.
        basis: (D, R) orthonormal axes, R the rank, at most min(N, D).
        scores: (N, R) coordinates of the samples.
        variances: (R,) sum of squares of each coordinate.
    """

    center: Tensor
    scale: Tensor
    basis: Tensor
    scores: Tensor
    variances: Tensor

    def fold(self, weight: Tensor, bias: Tensor) -> Linear:
        """Turn a head (K, R) on coordinates into the same head on raw features."""
        raw = (weight.to(self.basis.dtype) @ self.basis.T).double() / self.scale
        return Linear(raw.float(), (bias.double() - raw @ self.center).float())


def standardize(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Center features and divide them by their standard deviation.

    Returns:
        (N, D) standardized features in the working precision, (D,) center and (D,) scale in float64.
    """
    dtype = torch.float64 if features.numel() <= DOUBLE_LIMIT else torch.float32
    rows = features.to(dtype)
    deviation, mean = torch.std_mean(rows.double() if dtype is torch.float64 else rows, dim=0, correction=0)
    # A constant column keeps a deviation of rounding size, which must not be blown up to 1.
    constant = deviation <= 1e-6 * mean.abs() + torch.finfo(torch.float32).tiny
    scale = torch.where(constant, torch.ones_like(deviation), deviation)
    return (rows - mean) / scale, mean.double(), scale.double()


def decompose(features: Tensor) -> Spectrum:
    """Find the principal axes of standardized features once, for every strength of a penalty.

    The penalty |W|^2 does not change under a rotation and its minimum lies in the span of the rows,
    so that a head solved in these coordinates is the head on the features.

    Args:
        features: (N, D) raw features.
    """
    rows, center, scale = standardize(features)
    if rows.shape[0] < rows.shape[1]:
        basis, variances = _axes_from_samples(rows)
    else:
        basis, variances = _axes_from_features(rows)
    return Spectrum(center, scale, basis, rows @ basis, variances)


def _axes_from_features(rows: Tensor) -> tuple[Tensor, Tensor]:
    variances, basis = torch.linalg.eigh(rows.T @ rows)
    kept = variances > _threshold(variances)
    return basis[:, kept], variances[kept]


def _axes_from_samples(rows: Tensor) -> tuple[Tensor, Tensor]:
    # Division by the root of an eigenvalue magnifies rounding, hence float64 whatever the size.
    double = rows.double()
    variances, scores = torch.linalg.eigh(double @ double.T)
    kept = variances > _threshold(variances)
    basis = double.T @ (scores[:, kept] / variances[kept].sqrt())
    return basis.to(rows.dtype), variances[kept].to(rows.dtype)


def _threshold(variances: Tensor) -> Tensor:
    tolerance = max(RANK_TOLERANCE, torch.finfo(variances.dtype).eps)
    return variances.max().clamp(min=torch.finfo(variances.dtype).tiny) * tolerance
