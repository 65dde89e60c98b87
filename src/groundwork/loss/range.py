"""Checks of the numbers that a user gives a loss."""

from groundwork.core.errors import UserError


def check_range(key: str, value: float, low: float, high: float, closed: bool) -> None:
    """Require low <= value < high where `closed`, else low < value < high.

    Raises:
        UserError: If the value is outside.
    """
    if not (low <= value if closed else low < value) or not value < high:
        bracket = "[" if closed else "("
        raise UserError(f"{key} must be in {bracket}{low:g}, {high:g}), but got {value}. Change it.")
