"""A convex objective of a linear head in principal coordinates -> its minimum, by full-batch L-BFGS."""

from collections.abc import Callable

import torch
from torch import Tensor

MAX_ITERATIONS = 500
Objective = Callable[[Tensor, Tensor], Tensor]


def descend(
    scores: Tensor,
    start: tuple[Tensor, Tensor],
    stretch: tuple[Tensor, Tensor],
    objective: Objective,
    tolerance: float,
) -> tuple[Tensor, Tensor]:
    """Move a head to the minimum of an objective.

    Args:
        scores: (N, R) coordinates of the rows.
        start: Weight (K, R) and bias (K,).
        stretch: What they are multiples of, such that all directions are about equally steep.
        objective: (logits (N, K) float64, weight (K, R)) -> the mean objective.
        tolerance: Largest gradient at the end.

    Returns:
        Weight and bias at the minimum.
    """
    weight, bias = ((one / by).requires_grad_() for one, by in zip(start, stretch, strict=True))
    solver = torch.optim.LBFGS(
        [weight, bias],
        max_iter=MAX_ITERATIONS,
        max_eval=2 * MAX_ITERATIONS,
        tolerance_grad=tolerance,
        tolerance_change=0.0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        solver.zero_grad()
        used = weight * stretch[0]
        # Sums in float64: the line search compares values that differ in the last digits.
        loss = objective((scores @ used.T + bias * stretch[1]).double(), used)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]  # as is step
    return (weight * stretch[0]).detach(), (bias * stretch[1]).detach()
