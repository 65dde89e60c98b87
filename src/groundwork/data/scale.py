"""Training targets -> the scale on which a network learns them."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.normalize import quantile_knots

ScaleName = Literal["log", "quantile"]


def fit_target_scale(values: NDArray[np.float64], method: ScaleName, names: Sequence[str]) -> dict[str, Any]:
    """Measure a scale of the targets on training rows.

    log: t = ln(y + shift), where shift is 0, or 1 if a value is 0. quantile: t is the normal score of y among the
    training values, straight between 97 quantiles. Both are standardized afterwards.

    Args:
        values: (N, T) training values, NaN where missing.
        method: Of the two.
        names: T targets, for the error.

    Returns:
        In plain types, T numbers each: method, shift, low and high (range of t on train), center, scale; for quantile
        `knots` and `scores`, as long as the longest.

    Raises:
        UserError: If a logarithm has no value.
    """
    columns = [column[~np.isnan(column)] for column in values.T]
    if method == "log" and (
        wrong := [name for name, one in zip(names, columns, strict=True) if one.min() < 0]
    ):
        raise UserError(
            f"task.target_scale=log must have targets of at least 0, but {quoted(wrong)} has some below. "
            "Use task.target_scale=quantile or none."
        )
    shift = [float(method == "log" and column.min() == 0) for column in columns]
    pairs = [quantile_knots(column) for column in columns] if method == "quantile" else []
    longest = max((len(knots) for knots, _ in pairs), default=0)
    filled = [[list(side) + [side[-1]] * (longest - len(side)) for side in pair] for pair in pairs]
    scaled = [
        np.interp(column, *pairs[place]) if pairs else np.log(column + shift[place])
        for place, column in enumerate(columns)
    ]
    return {
        "method": method,
        "shift": shift,
        "low": [float(one.min()) for one in scaled],
        "high": [float(one.max()) for one in scaled],
        "center": [float(one.mean()) for one in scaled],
        "scale": [float(one.std()) if one.std() > 0 else 1.0 for one in scaled],
        "knots": [pair[0] for pair in filled],
        "scores": [pair[1] for pair in filled],
    }
