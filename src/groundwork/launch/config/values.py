"""A value and the schema of its key -> nothing, or the line that says what the key must be."""

import math
import re
from typing import Any

from groundwork.core.errors import UserError
from groundwork.launch.config.schema_types import COMPUTED, Schema

NAMES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a word",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}
KINDS: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "null": type(None),
    "array": list,
    "object": dict,
}
NUMBER = re.compile(
    r"-?\d*\.?\d*(e[+-]?\d+)?|true|false|null|\s*"
)  # as text, which nobody sees without quotes


def check_value(key: str, value: Any, schema: Schema) -> None:
    """Require a value to be of a type, and in a range, that its key may have.

    Args:
        key: Dotted.
        value: Plain: numbers, text, lists and mappings.
        schema: Of the key; an empty one allows everything that is finite.

    Raises:
        UserError: In one line.
    """
    if any(isinstance(one, float) and not math.isfinite(one) for one in _leaves(value)):
        raise UserError(f"{key} must be finite, but got {_shown(value)}. Change it.")
    alternatives = [one for one in schema.get("anyOf", [schema]) if one != COMPUTED]
    if not any(_fits(value, one) for one in alternatives):
        *others, last = dict.fromkeys(name for one in alternatives for name in _names(one))
        allowed = f"{', '.join(others)} or {last}" if others else last
        if others and all("enum" in one or "const" in one for one in alternatives):
            allowed = f"one of {', '.join(others)}, {last}"
        raise UserError(f"{key} must be {allowed}, but got {_shown(value)}. Change it.")


def _fits(value: Any, schema: Schema) -> bool:
    for name in ("enum", "const"):
        if name in schema:
            listed = schema["enum"] if name == "enum" else [schema["const"]]
            return any(type(value) is type(one) and value == one for one in listed)
    kind = schema.get("type")
    if kind is None:
        return True
    if isinstance(value, bool) and kind != "boolean":
        return False
    if kind == "array" and "items" in schema:
        return isinstance(value, list) and all(
            "${" in str(one) or _fits(one, schema["items"]) for one in value
        )
    return isinstance(value, KINDS[kind]) and _in_range(value, schema)


def _in_range(value: Any, schema: Schema) -> bool:
    return (
        not ("minimum" in schema and value < schema["minimum"])
        and not ("maximum" in schema and value > schema["maximum"])
        and not ("exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"])
        and not ("exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"])
    )


def _names(schema: Schema) -> list[str]:
    if "enum" in schema:
        return [_shown(value) for value in schema["enum"]]
    if "const" in schema:
        return [_shown(schema["const"])]
    inner = f" of {NAMES[schema['items']['type']].removeprefix('a ')}s" if "items" in schema else ""
    return [NAMES[schema["type"]] + inner + _range(schema)]


def _range(schema: Schema) -> str:
    low = (
        f"[{schema['minimum']:g}"
        if "minimum" in schema
        else f"({schema.get('exclusiveMinimum', -math.inf):g}"
    )
    high = (
        f"{schema['maximum']:g}]" if "maximum" in schema else f"{schema.get('exclusiveMaximum', math.inf):g})"
    )
    return f" in {low}, {high}" if (low, high) != ("(-inf", "inf)") else ""


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for one in inner for leaf in _leaves(one)]
    return [value]


def _shown(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return repr(value) if isinstance(value, str) and NUMBER.fullmatch(value) else str(value)[:80]
