"""Linear heads for several labels, one logistic regression each, all at once by full-batch L-BFGS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from groundwork.transfer.descend import descend
from groundwork.transfer.spectrum import Linear, Spectrum, decompose


def solve_labels(
    features: Tensor,
    target: Tensor,
    strengths: Sequence[float],
    pos_weight: Tensor | None = None,
    tolerance: float = 1e-4,
) -> Iterator[Linear]:
    """Fit one binary head per label at one strength of the penalty after the other.

    Minimizes for each label t sum_i w_it BCE(W_t x_i + b_t, y_it) + strength / 2 * |W_t|^2 on features standardized by
    these rows; strength is 1 / C of scikit-learn's LogisticRegression. A row counts only for the labels that it has.
    Each head starts the next, so that strengths are best given from strong to weak.

    Args:
        features: (N, D) raw features.
        target: (N, T) of 0 and 1, NaN where unknown.
        strengths: Each above 0.
        pos_weight: (T,) multiplies the weight of the rows that have a label.
        tolerance: Largest gradient of the mean objective of a label at the end, in coordinates where its curvature is
            about 1.

    Yields:
        One head (T, D) on raw features for each strength; a label that all rows agree on has a constant logit.
    """
    if min(strengths) <= 0:
        raise ValueError(f"strengths must be above 0, but got {min(strengths)}")
    weight = label_weights(target, pos_weight).double()
    truth = (target == 1) & (weight > 0)
    varies = truth.any(0) & ((target == 0) & (weight > 0)).any(0)
    spectrum = decompose(features)
    del features  # not kept from one strength to the next
    problem = _Problem(spectrum, truth[:, varies], weight[:, varies])
    level = (torch.log(torch.tensor(len(target) + 1.0))) * (2.0 * truth.any(0) - 1.0)
    for strength in strengths:
        if varies.any():
            problem.fit(strength, tolerance)
        whole = problem.weight.new_zeros(len(varies), spectrum.scores.shape[1])
        bias = level.to(whole)
        whole[varies], bias[varies] = problem.weight, problem.bias
        yield spectrum.fold(whole, bias)


def label_weights(target: Tensor, pos_weight: Tensor | None) -> Tensor:
    """Weigh each label of each row, (N, T): 0 where it is unknown, `pos_weight` (T,) where the row has it, else 1."""
    positive = (
        torch.ones(target.shape[1], device=target.device) if pos_weight is None else pos_weight.to(target)
    )
    return torch.where(target.isnan(), 0.0, torch.where(target == 1, positive, 1.0))


@dataclass
class _Problem:
    """Hold the data in principal coordinates and the current heads, (T, R) and (T,)."""

    spectrum: Spectrum
    truth: Tensor
    sample_weight: Tensor

    def __post_init__(self) -> None:
        scores = self.spectrum.scores
        self.total = self.sample_weight.sum(0)
        mass = (self.sample_weight * self.truth).sum(0)
        self.weight = scores.new_zeros(self.truth.shape[1], scores.shape[1])
        self.bias = (mass / (self.total - mass)).log().to(scores.dtype)

    def fit(self, strength: float, tolerance: float) -> None:
        """Move the heads to their minima for one strength; see `solve_softmax` for how variables are scaled."""
        scores, truth = self.spectrum.scores, self.truth.double()
        share, penalty = self.sample_weight / self.total, strength / self.total
        probs = (scores @ self.weight.T + self.bias).double().sigmoid()
        spread = (share * probs * (1 - probs)).sum(0)
        curvature = spread[:, None] * self.spectrum.variances / len(scores) + penalty[:, None]
        stretch = curvature.rsqrt(), spread.rsqrt().clamp(max=1e3)

        def objective(logits: Tensor, used: Tensor) -> Tensor:
            loss = (share * (softplus(logits) - truth * logits)).sum()
            return loss + 0.5 * (penalty * used.double().square().sum(1)).sum()

        self.weight, self.bias = descend(
            scores,
            (self.weight, self.bias),
            (stretch[0].to(scores.dtype), stretch[1].to(scores.dtype)),
            objective,
            tolerance,
        )
