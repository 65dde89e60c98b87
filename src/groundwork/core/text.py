"""Many names -> one line."""

from collections.abc import Iterable


def shortlist(names: Iterable[object], most: int, between: str = ", ") -> str:
    """Name the first few of many, and how many more there are.

    Args:
        names: Whatever can be written as text.
        most: How many are named.
        between: Stands between two names.

    Returns:
        Such as "a, b and 3 more".
    """
    found = list(names)
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return between.join(map(str, found[:most])) + more


def quoted(names: Iterable[object], most: int = 3) -> str:
    """Name a few as `shortlist` does, text in quotation marks, so that its own spaces and commas are seen."""
    return shortlist((repr(str(name)) if isinstance(name, str) else name for name in names), most)
