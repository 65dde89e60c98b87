"""Numbers -> words: how a metric is written, what chose, who beats whom."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

# The same words wherever a number of val stands.
CHOSE = "val chose, so its number is optimistic; corrected takes the choosing out and is the evidence"
NOT_CORRECTED = "val chose, so its number is optimistic and has no interval; it could not be corrected here"
TOO_SHORT = "heavy tails: this interval is too short"
TEST_DID_NOT = "val chose, so its number is optimistic; the test chose nothing and is the evidence"
NOTHING_CHOSE = "nothing that was logged on val chose the checkpoint: the last weights count"
VERDICTS = {
    "better": "beaten by the model",
    "undecided": "not beaten: the difference may be chance",
    "worse": "better than the model",
}

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
    if 1e-4 <= size < 1e-3:
        return f"{number:.5f}"
    if 10 <= size < 1000:
        return f"{number:#.4g}"
    return f"{number:,.0f}" if 1000 <= size < 1e7 else f"{number:.2e}"


def settled(metric: str, number: Any) -> Any:
    """Take what only rounding left of a metric without units, such as an R2 of 3.7e-17, for 0."""
    has_units = metric.startswith(("mse", "rmse", "mae", "pinball_loss", "interval_width"))
    bare = value_of(number)
    return number if has_units or bare is None or isinstance(number, Mapping) or abs(bare) > 1e-12 else 0.0


def signed(entry: Any) -> str:
    """Write a difference with its sign: +0.016."""
    number = value_of(entry)
    return f"+{show(number)}" if number is not None and number > 0 else show(number)


def show_interval(entry: Any) -> str:
    """Write a metric with its interval: 0.871 [0.840, 0.899]."""
    bounds = interval_of(entry)
    return show(entry) if bounds is None else f"{show(entry)} [{show(bounds[0])}, {show(bounds[1])}]"


def show_seconds(seconds: Any) -> str:
    """Write a duration as 4.2 s, 3 min 05 s or 2 h 10 min."""
    number = value_of(seconds)
    if number is None:
        return UNDEFINED
    if number < 59.95:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def in_words(name: object) -> str:
    """Write the name of a baseline as words: gradient boosting."""
    return str(name).replace("_", " ")


def show_verdict(name: str, told: Mapping[str, Any]) -> str:
    """Say who beats whom, by how much, on the same samples."""
    between = interval_of(told)
    by = "" if between is None else f", paired difference {show(between[0])} to {show(between[1])}"
    return f"{in_words(name)}: {VERDICTS.get(str(told.get('verdict')), UNDEFINED)} ({told.get('metric')}{by})"


def whether_pays(result: Mapping[str, Any]) -> str:
    """Answer in one sentence whether the network of a run pays; empty where gradient boosting did not judge it."""
    verdicts, n = result.get("verdicts") or {}, (result.get("n") or {}).get("val")
    simple = {name: verdicts[name] for name in ("gradient_boosting", "linear") if name in verdicts}
    if "gradient_boosting" not in simple:
        return ""

    def named(wanted: str) -> str:
        found = [(name, interval_of(one)) for name, one in simple.items() if one.get("verdict") == wanted]
        said = [
            in_words(name) + (f" ({show(pair[0])} to {show(pair[1])})" if pair else "")
            for name, pair in found
        ]
        return " and ".join(said)

    on = (
        f"by the paired difference of {simple['gradient_boosting'].get('metric')} on the same {n} rows of val"
    )
    if worse := named("worse"):
        boosting = simple["gradient_boosting"].get("verdict") == "worse" and "boosting" in result
        serve = " predict.py serve=gradient_boosting predicts by it." if boosting else ""
        verb = "are" if " and " in worse else "is"
        return f"The network does not pay here: {worse} {verb} better, {on}.{serve}"
    if undecided := named("undecided"):
        return (
            f"Whether the network pays is undecided: it cannot be told from {undecided}, {on}. "
            "The simpler model costs less."
        )
    return f"The network pays here: it beats {named('better')}, {on}."


def explain(told: Mapping[str, Any], entry: Any, baseline: Any) -> str:
    """Say why a verdict and the model's own interval seem to disagree; empty where they do not."""
    bounds, other = interval_of(entry), value_of(baseline)
    if bounds is None or other is None:
        return ""
    inside = bounds[0] <= other <= bounds[1]
    if inside == (told.get("verdict") == "undecided"):
        return ""
    return "the verdict compares both on the same samples, which tells more or less than the model's interval alone"


def val_chose(result: Mapping[str, Any]) -> bool:
    """Tell whether val chose anything that its own number then measures; runs of older versions do not say it."""
    corrected = result.get("corrected")
    if corrected is None or not result.get("val"):  # a module of the user's may validate nothing
        return False
    return not any(str(one.get("method", "")).startswith("nothing") for one in corrected.values())


def tails(result: Mapping[str, Any]) -> list[str]:
    """Name the metrics whose intervals are too short, as the errors have heavy tails."""
    measured = result.get("test") or (result.get("intervals") or {}).get("val") or {}
    named = [name for name, one in measured.items() if isinstance(one, Mapping) and one.get("too_short")]
    return [f"{', '.join(named)}: {TOO_SHORT}"] if named else []
