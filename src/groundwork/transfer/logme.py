"""How well a linear model explains the targets by some features, without fitting a head."""

import math

import torch
from torch import Tensor

from groundwork.transfer.spectrum import Spectrum, decompose

# The two precisions settle within a dozen rounds; what still moves then is noise-free to rounding.
MAX_ROUNDS = 100
SETTLED = 1e-9


def logme(features: Tensor, target: Tensor, num_classes: int) -> float:
    """Compute the logarithm of the maximum evidence of a linear model, per sample and output.

    For one output y (N,), centered, and features F, centered and standardized, it is the maximum over
    alpha and beta of log N(y | 0, I / beta + F F' / alpha) in the N - 1 directions that centering leaves,
    divided by N - 1; classes count as indicators. Higher is better, and values compare between stages of
    one data set.

    Args:
        features: (N, D) raw features.
        target: (N,) class numbers or (N, T) values without gaps.
        num_classes: K, for classes.

    Source:
        You et al., ICML 2021, arXiv:2102.11005, algorithm 1.
    """
    spectrum = decompose(features)
    if target.ndim == 1:
        values = torch.nn.functional.one_hot(target, num_classes).double()
        values = values[:, values.any(dim=0)]
    else:
        values = target.double()
        values = values / values.std(dim=0, correction=0).clamp(min=1e-12)
    values = values - values.mean(dim=0)
    return float(torch.stack([_evidence(spectrum, column) for column in values.T]).mean())


def _evidence(spectrum: Spectrum, values: Tensor) -> Tensor:
    variances = spectrum.variances.double()
    # Squared projections on the left singular vectors, and what no feature can reach.
    reached = (spectrum.scores.double().T @ values).square() / variances
    total = values.square().sum()
    beyond = (total - reached.sum()).clamp(min=1e-12 * float(total))
    count = len(values) - 1
    alpha, beta = torch.ones((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    for _ in range(MAX_ROUNDS):
        ratio = alpha / beta
        effective = (variances / (ratio + variances)).sum()
        size = (variances * reached / (ratio + variances).square()).sum()
        residual = (reached * (ratio / (ratio + variances)).square()).sum() + beyond
        new_alpha, new_beta = effective / size.clamp(min=1e-300), (count - effective) / residual
        settled = abs(new_alpha / new_beta / ratio - 1) < SETTLED
        alpha, beta = new_alpha, new_beta
        if settled:
            break
    ratio = alpha / beta
    size = (variances * reached / (ratio + variances).square()).sum()
    residual = (reached * (ratio / (ratio + variances)).square()).sum() + beyond
    log_determinant = torch.log1p(variances / ratio).sum()
    fit = beta * residual + alpha * size + log_determinant
    return 0.5 * (count * (beta.log() - math.log(2 * math.pi)) - fit) / count
