"""Linear heads for classes, by full-batch L-BFGS."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from groundwork.transfer.descend import descend
from groundwork.transfer.spectrum import Linear, Spectrum, decompose


def solve_softmax(
    features: Tensor,
    target: Tensor,
    num_classes: int,
    strengths: Sequence[float],
    class_weights: Tensor | None = None,
    tolerance: float = 1e-4,
) -> Iterator[Linear]:
    """Fit a linear head to classes at one strength of the penalty after the other.

    Minimizes sum_i w_yi CE(W x_i + b, y_i) + strength / 2 * |W|^2 on features standardized by these
    rows; strength is 1 / C of scikit-learn's LogisticRegression, which for two classes penalizes the
    difference of the two rows of W as is done here. Each head starts the next, so that strengths are
    best given from strong to weak; weak ones take longest, and whoever has seen enough may stop.

    Args:
        features: (N, D) raw features.
        target: (N,) class numbers.
        num_classes: K. A class without a sample gets a constant logit of about log 1 / N.
        strengths: Each above 0.
        class_weights: (K,) w, at least 0; None counts every class alike.
        tolerance: Largest gradient of the mean objective at the end, in coordinates where its
            curvature is about 1.

    Yields:
        One head (K, D) on raw features for each strength, in the order of `strengths`.
    """
    if min(strengths) <= 0:
        raise ValueError(f"strengths must be above 0, but got {min(strengths)}")
    weight = _weights(target, class_weights)
    counted = weight > 0
    if not counted.all():
        features, target, weight = features[counted], target[counted], weight[counted]
    present, compact = torch.unique(target, return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"target must hold two classes or more, but got {present.tolist()}")
    spectrum = decompose(features)
    del features  # not kept from one strength to the next
    problem = _Problem(spectrum, compact, len(present), weight.to(spectrum.scores.dtype))
    for strength in strengths:
        problem.fit(strength, tolerance)
        yield spectrum.fold(*_with_absent(problem, present, num_classes))


@dataclass
class _Problem:
    """Hold the data in principal coordinates and the current head, (K, R) and (K,)."""

    spectrum: Spectrum
    target: Tensor
    num_classes: int
    sample_weight: Tensor

    def __post_init__(self) -> None:
        scores = self.spectrum.scores
        self.weight = scores.new_zeros(self.num_classes, scores.shape[1])
        mass = torch.bincount(self.target, weights=self.sample_weight, minlength=self.num_classes)
        self.bias = mass.to(scores.dtype).log()
        self.bias -= self.bias.mean()

    def logits(self) -> Tensor:
        return self.spectrum.scores @ self.weight.T + self.bias

    def fit(self, strength: float, tolerance: float) -> None:
        """Move the head to the minimum for one strength.

        The curvature at the start, p (1 - p) times the variance of an axis plus the penalty, scales
        the variables, so that all directions are about equally steep.
        """
        total = float(self.sample_weight.sum())
        penalty = strength * (2 if self.num_classes == 2 else 1) / total
        probs = self.logits().softmax(1)
        spread = (self.sample_weight @ (probs * (1 - probs))) / total
        curvature = spread[:, None] * self.spectrum.variances / len(probs) + penalty
        share = (self.sample_weight / total).double()

        def objective(logits: Tensor, used: Tensor) -> Tensor:
            loss = share @ cross_entropy(logits, self.target, reduction="none")
            return loss + 0.5 * penalty * used.double().square().sum()

        self.weight, self.bias = descend(
            self.spectrum.scores,
            (self.weight, self.bias),
            (curvature.rsqrt(), spread.rsqrt().clamp(max=1e3)),
            objective,
            tolerance,
        )


def _weights(target: Tensor, class_weights: Tensor | None) -> Tensor:
    if class_weights is None:
        return torch.ones(len(target), dtype=torch.float64, device=target.device)
    return class_weights.to(target.device)[target].double()


def _with_absent(problem: _Problem, present: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    level = float(problem.logits().logsumexp(1).mean()) - math.log(len(problem.target) + 1)
    weight = problem.weight.new_zeros(num_classes, problem.weight.shape[1])
    bias = problem.bias.new_full((num_classes,), level)
    weight[present], bias[present] = problem.weight, problem.bias
    return weight, bias
