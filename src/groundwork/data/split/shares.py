"""Shares of the parts -> whole numbers, and the part that a row's own hash falls into."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError

_SCALE = 10**9
_HASHES = 1 << 64


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """Refuse shares that are not three numbers in [0, 1] that sum to 1 and leave something to train."""
    try:
        shares = tuple(float(fraction) for fraction in fractions)
    except (TypeError, ValueError):
        shares = ()
    if len(shares) != 3 or min(shares) < 0 or shares[0] == 0 or not abs(sum(shares) - 1) < 1e-6:
        raise UserError(
            "split.fractions must be three shares of train, val and test that sum to 1 with train above 0, "
            f"but got {fractions}. Use split.fractions=[0.70,0.15,0.15]."
        )
    return shares


def whole_weights(fractions: Sequence[float]) -> list[int]:
    """Turn fractions into whole numbers of billionths."""
    return [round(fraction * _SCALE) for fraction in fractions]


def threshold_parts(key: NDArray[np.uint64], fractions: Sequence[float]) -> NDArray[np.int64]:
    """Give each row the part that its own hash falls into, whatever the other rows are, (N,)."""
    weights = whole_weights(fractions)
    edges = [sum(weights[: p + 1]) * _HASHES // sum(weights) for p in range(len(weights) - 1)]
    # A part of share 0 at the end puts its edge at 2^64, which uint64 cannot hold.
    limits = np.array([min(edge, _HASHES - 1) for edge in edges], dtype=np.uint64)
    return np.asarray(np.searchsorted(limits, key, side="right"), dtype=np.int64)
