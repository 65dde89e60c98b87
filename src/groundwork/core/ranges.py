"""A value that a user gave for a key -> nothing, or the error that says what it must be."""

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from groundwork.core.errors import UserError


def check_range(key: str, value: Any, interval: str, whole: bool = False, words: Sequence[str] = ()) -> None:
    """Require a number to lie in an interval.

    Args:
        key: By which the user set it, such as "optim.lr".
        value: What the user gave; NaN, true and false, and what is no number lie in no interval.
        interval: In mathematical notation, such as "[0, 1)" or "(0, inf)".
        whole: Whether it must be a whole number.
        words: That the key takes, too.

    Raises:
        UserError: If the value is outside.
    """
    if isinstance(value, str) and value in words:
        return
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not is_number or not _lies_in(value, interval):
        kind = "a whole number in" if whole else "a number in" if words else "in"
        raise UserError(
            f"{key} must be {' or '.join([*words, f'{kind} {interval}'])}, but got {value}. Change it."
        )


def check_choice(key: str, value: object, choices: Iterable[object]) -> None:
    """Require one of the choices of a key.

    Raises:
        UserError: If the value is none of them.
    """
    allowed = list(choices)
    if value not in allowed:
        raise UserError(f"{key} must be one of {', '.join(map(str, allowed))}, but got {value}. Choose one.")


def _lies_in(value: float, interval: str) -> bool:
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = low <= value if interval[0] == "[" else low < value
    below = value <= high if interval[-1] == "]" else value < high
    return above and below
