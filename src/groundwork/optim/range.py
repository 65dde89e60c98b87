"""Checks of the numbers that a user gives an optimizer or a schedule."""

from groundwork.core.errors import UserError


def check_ranges(**rules: tuple[float, str]) -> None:
    """Require each value to lie in its range.

    Args:
        rules: `group__key` -> the value and its range in mathematical notation, such as "(0, 1]".

    Raises:
        UserError: If a value is outside.
    """
    for name, (value, interval) in rules.items():
        low, high = (float(end) for end in interval[1:-1].split(","))
        above = low <= value if interval[0] == "[" else low < value
        below = value <= high if interval[-1] == "]" else value < high
        if not (above and below):
            key = name.replace("__", ".")
            raise UserError(f"{key} must be in {interval}, but got {value}. Change it.")
