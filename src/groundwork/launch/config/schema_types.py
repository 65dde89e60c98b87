"""Annotations, docstrings and values of Python -> JSON schema."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from groundwork.core.lazy import find_object

Schema = dict[str, Any]
PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string", NoneType: "null"}
COMPUTED = {"$ref": "#/definitions/computed.keys"}
DEFINITION = {"type": "string", "pattern": r"^\$\{|^\?\?\?$"}  # ${...}, or ??? for what must be given
BOUNDS = re.compile(r"\b[Ii]n ([\[(])(-?[\d.]+|-inf), (-?[\d.]+|inf)([\])])")

HYDRA_KEYS = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")
COMMENT = re.compile(r"\s*(\w+):.*?\s#\s+(.+)$")


@cache
def parameters(target: str) -> dict[str, Schema]:
    """Describe the arguments of a class or function by annotation and docstring; `**` stands for any other."""
    if target == "???":
        return {"**": {}}
    called = find_object(target)
    kinds = called.__mro__ if isinstance(called, type) else ()
    constructor = next((vars(kind)["__init__"] for kind in kinds if "__init__" in vars(kind)), called)
    try:
        hints = get_type_hints(constructor)
    except (NameError, TypeError):  # names that are imported for type checkers only, or none at all
        hints = {}
    said = _arguments(inspect.getdoc(called) or "")
    found: dict[str, Schema] = {}
    try:
        taken = inspect.signature(called).parameters.values()
    except ValueError:  # written in C, without a signature
        return {"**": {}}
    for parameter in taken:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            found["**"] = {}
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            text = said.get(parameter.name, "")
            schema = any_of([_of_annotation(hints.get(parameter.name, Any)), COMPUTED])
            found[parameter.name] = {**bounded(schema, text), **({"description": text} if text else {})}
    is_optimizer = any(
        (kind.__module__, kind.__name__) == ("torch.optim.optimizer", "Optimizer") for kind in kinds
    )
    if is_optimizer or target.startswith("torch.optim."):
        found["layer_decay"] = {"type": "number"}  # ours: it becomes parameter groups, whatever the class
    return found


def of_value(value: object) -> Schema:
    """Take the type of an example; what is null or auto may be anything."""
    if value is None or value == "auto" or (isinstance(value, str) and "${" in value):
        return {}
    if isinstance(value, dict | list):
        return {"type": "object" if isinstance(value, dict) else "array"}
    return any_of([{"type": PLAIN.get(type(value), "string")}, COMPUTED])


def any_of(schemas: Sequence[Schema]) -> Schema:
    """Allow what any of some schemas allows."""
    flat: list[Schema] = []
    for schema in schemas:
        alternatives = schema.get("anyOf", [schema])
        flat += [{key: value for key, value in one.items() if key != "description"} for one in alternatives]
    if {} in flat:
        return {}
    distinct = [one for number, one in enumerate(flat) if one not in flat[:number]]
    if {"type": "string"} in distinct:
        distinct = [one for one in distinct if one != COMPUTED]
    distinct.sort(key=str)  # `typing` gives a union in the order in which the process first met it
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def comments_of(texts: Iterable[str]) -> dict[str, str]:
    """Give what stands behind a key, by the key; the first file that says something counts."""
    lines = (COMMENT.match(line) for text in texts for line in text.splitlines())
    found: dict[str, str] = {}
    for match in filter(None, lines):
        found.setdefault(match[1], match[2])
    return found


def commented(schema: Schema, said: str) -> Schema:
    """Add what a comment says of a key: a range as `in [0, 1)`, the words null and auto, and a run, which is text."""
    words = (
        ({"type": "null"}, r"\bnull\b"),
        ({"const": "auto"}, r"\bauto\b"),
        ({"type": "string"}, r"\brun of your own\b"),
    )
    return any_of([bounded(schema, said), *(one for one, word in words if re.search(word, said))])


def interpolated(
    nodes: Iterable[Mapping[str, Any]], path: str, signature: Callable[[str], Mapping[str, Schema]]
) -> dict[str, Schema]:
    """Give a key the type of the argument that it is handed to, as `dropout: ${model.dropout}` does.

    Args:
        nodes: The mapping in every file that has it.
        path: Of the mapping, such as `model`.
        signature: Describes the arguments of a target.
    """
    found: dict[str, list[Schema]] = {}
    for node in nodes:
        for inner in node.values():
            if isinstance(inner, dict) and "_target_" in inner:
                known = signature(inner["_target_"])
                for name, value in inner.items():
                    match = re.fullmatch(rf"\$\{{{re.escape(path)}\.(\w+)\}}", str(value))
                    if match and name in known:
                        found.setdefault(match[1], []).append(known[name])
    return {key: any_of(schemas) for key, schemas in found.items()}


def _of_annotation(annotation: Any) -> Schema:
    origin = get_origin(annotation)
    if annotation in PLAIN:
        return {"type": PLAIN[annotation]}
    if origin is Literal:
        return {"enum": sorted(get_args(annotation), key=str)}
    if origin in (Union, UnionType):
        # `int | float` may come back as `float | int`: Python caches one of equal unions.
        return any_of(sorted(map(_of_annotation, get_args(annotation)), key=str))
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {"type": "object"}
    if isinstance(kind, type) and issubclass(kind, Sequence | set | frozenset):
        inner = get_args(annotation)
        return {
            "type": "array",
            **({"items": {"type": PLAIN[inner[0]]}} if inner in ((int,), (float,)) else {}),
        }
    if kind is Iterable:
        return {"type": "array"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string"}
    # An object of another class is built from a mapping with a `_target_` of its own.
    is_open = (
        kind in (Any, object, type) or getattr(kind, "_is_protocol", False) or not isinstance(kind, type)
    )
    return {} if is_open else {"type": "object"}


def bounded(schema: Schema, text: str) -> Schema:
    """Add the range that a docstring or comment gives as `in [0, 1)` to the numbers among what is allowed."""
    match = BOUNDS.search(text)
    if not match:
        return schema
    low, high = float(match[2]), float(match[3])
    range_ = {"minimum" if match[1] == "[" else "exclusiveMinimum": low} if isfinite(low) else {}
    if isfinite(high):
        range_["maximum" if match[4] == "]" else "exclusiveMaximum"] = high
    ranged = [
        {**one, **range_} if one.get("type") in ("number", "integer") else one
        for one in schema.get("anyOf", [schema])
    ]
    return ranged[0] if len(ranged) == 1 else {"anyOf": ranged}


def _arguments(docstring: str) -> dict[str, str]:
    """Read the lines `name: meaning` below `Args:`."""
    match = re.search(r"^Args:\n((?:[ ]{4}.*\n?|\n)+)", docstring, flags=re.MULTILINE)
    found: dict[str, str] = {}
    name = ""
    for line in (match[1] if match else "").splitlines():
        start = re.match(r" {4}(\w[\w, ]*): (.+)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif name:
            found[name] += f" {line.strip()}"
    return found
