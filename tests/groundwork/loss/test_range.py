from collections.abc import Callable

import pytest
from torch import nn

from groundwork.core.errors import UserError
from groundwork.loss import CrossEntropy, Focal, Huber, Penalty


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CrossEntropy(1.0), r"loss.label_smoothing must be in \[0, 1\), but got 1.0"),
        (lambda: CrossEntropy(-0.1), "loss.label_smoothing must be"),
        (lambda: Focal(-1.0), r"loss.gamma must be in \[0, inf\), but got -1.0"),
        (lambda: Focal(float("nan")), "loss.gamma must be"),
        (lambda: Huber(0.0), r"loss.delta must be in \(0, inf\), but got 0.0"),
        (lambda: Penalty(-1.0, 0.0, 0.0, "weights", nn.Linear(1, 1)), "loss.l1 must be in"),
        (
            lambda: Penalty(1.0, 0.0, 0.0, "norms", nn.Linear(1, 1)),
            "loss.penalized must be weights, all or head",
        ),
    ],
)
def test_numbers_out_of_range_are_refused_when_built(build: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build()


def test_the_ends_of_a_range_are_allowed() -> None:
    CrossEntropy(0.0)
    Focal(0.0)
