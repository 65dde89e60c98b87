"""Several quantiles of each target in one row of predictions: the medians of all targets first, then the others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError

MEDIAN = 0.5


def ordered_levels(quantiles: Any) -> tuple[float, ...]:
    """Put the median before the other quantiles, which ascend, so that a row of predictions begins with the points.

    Args:
        quantiles: Of `loss.quantiles`.

    Raises:
        UserError: If they are no two or more different numbers in (0, 1) with 0.5 among them.
    """
    levels = list(quantiles) if isinstance(quantiles, Sequence) and not isinstance(quantiles, str) else []
    numbers = all(isinstance(each, int | float) and 0 < each < 1 for each in levels)
    if not numbers or MEDIAN not in levels or len(levels) < 2 or len(set(levels)) < len(levels):
        raise UserError(
            f"loss.quantiles must be different numbers in (0, 1), 0.5 and others, but got {quantiles}. "
            "Use loss.quantiles=[0.05,0.5,0.95]."
        )
    return (MEDIAN, *sorted(each for each in levels if each != MEDIAN))


def outer_quantiles(
    prediction: NDArray[np.floating], num_targets: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Give the lowest and the highest quantile (..., T) of predictions (..., Q * T)."""
    apart = prediction.reshape(*prediction.shape[:-1], -1, num_targets)
    return apart.min(axis=-2), apart.max(axis=-2)


def quantile_columns(levels: Sequence[float], names: Sequence[str]) -> list[str]:
    """Name the columns of a row: each target, then such as `price_q05` and `price_q975` for every other quantile."""
    digits = [np.format_float_positional(level)[2:].ljust(2, "0") for level in levels[1:]]
    return [*names, *(f"{name}_q{each}" for each in digits for name in names)]


def only_value(quantiles: Sequence[float]) -> float | None:
    """Give the value of a column that had no other, by its quantiles without repeats; None of any other column."""
    return float(quantiles[0]) if len(quantiles) == 1 else None
