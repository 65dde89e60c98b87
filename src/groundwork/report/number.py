"""Numbers -> words: how a metric is written, who beats whom."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Literal

Verdict = Literal["beaten", "within", "better", "undefined"]  # what a baseline is, seen from the model

UNDEFINED = "undefined"


def value_of(entry: Any) -> float | None:
    """Return the number of a metric, given bare or as {value, low, high}; None where undefined."""
    if isinstance(entry, Mapping):
        entry = entry.get("value")
    if isinstance(entry, bool) or not isinstance(entry, int | float) or not isfinite(entry):
        return None
    return float(entry)


def interval_of(entry: Any) -> tuple[float, float] | None:
    """Return (low, high) of {value, low, high}; None where there is no interval."""
    if not isinstance(entry, Mapping):
        return None
    low, high = value_of(entry.get("low")), value_of(entry.get("high"))
    return None if low is None or high is None else (low, high)


def show(entry: Any) -> str:
    """Write a metric in about four places, or the word undefined."""
    number = value_of(entry)
    if number is None:
        return UNDEFINED
    size = abs(number)
    if number == 0 or 1e-3 <= size < 10:
        return f"{number:.3f}"
    if 10 <= size < 1000:
        return f"{number:#.4g}"
    return f"{number:,.0f}" if 1000 <= size < 1e7 else f"{number:.2e}"


def show_interval(entry: Any) -> str:
    """Write a metric with its interval: 0.871 [0.840, 0.899]."""
    bounds = interval_of(entry)
    return show(entry) if bounds is None else f"{show(entry)} [{show(bounds[0])}, {show(bounds[1])}]"


def verdict(model: Any, baseline: Any, *, more_is_better: bool) -> Verdict:
    """Say whether a baseline lies outside of the model's 95 % interval, and on which side."""
    bounds, other = interval_of(model), value_of(baseline)
    if bounds is None or other is None:
        return "undefined"
    low, high = bounds if more_is_better else (-bounds[1], -bounds[0])
    other = other if more_is_better else -other
    return "beaten" if low > other else "better" if high < other else "within"


def show_seconds(seconds: Any) -> str:
    """Write a duration as 4.2 s, 3 min 05 s or 2 h 10 min."""
    number = value_of(seconds)
    if number is None:
        return UNDEFINED
    if number < 59.95:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
