from collections.abc import Callable

import pytest

from groundwork.core.errors import UserError
from groundwork.optim import SGD, AdamW, Constant, Cosine, OneCycle, Plateau


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: AdamW(0.0, 0.1, (0.9, 0.999), 1e-8, 1.0), r"optim\.lr must be in \(0, inf\), but got 0.0"),
        (lambda: AdamW(0.1, -0.1, (0.9, 0.999), 1e-8, 1.0), r"optim\.weight_decay must be in \[0, inf\)"),
        (lambda: SGD(0.1, 0.1, 0.9, True, 1.5), r"optim\.layer_decay must be in \(0, 1\], but got 1.5"),
        (lambda: SGD(0.1, 0.1, 1.0, True, 1.0), r"optim\.momentum must be in \[0, 1\)"),
        (lambda: Cosine(1.0, 0.0), r"schedule\.warmup must be in \[0, 1\), but got 1.0"),
        (lambda: Constant(-0.1), r"schedule\.warmup"),
        (lambda: OneCycle(0.0, 0.1, 0.1), r"schedule\.warmup must be in \(0, 1\)"),
        (lambda: Plateau(1.0, 3), r"schedule\.factor must be in \(0, 1\)"),
        (lambda: AdamW(float("nan"), 0.1, (0.9, 0.999), 1e-8, 1.0), r"optim\.lr"),
    ],
)
def test_numbers_out_of_range_are_refused_when_built(build: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build()


def test_the_ends_of_a_range_are_allowed() -> None:
    Cosine(0.0, 0.0)
    SGD(0.1, 0.0, 0.0, False, 1.0)
