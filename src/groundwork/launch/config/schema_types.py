"""Annotations, docstrings and values of Python -> JSON schema."""

import inspect
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hydra.utils import get_object

Schema = dict[str, Any]
PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string", NoneType: "null"}
COMPUTED = {"$ref": "#/definitions/computed.keys"}
DEFINITION = {"type": "string", "pattern": r"^\$\{|^\?\?\?$"}  # ${...}, or ??? for what must be given
BOUNDS = re.compile(r"\b[Ii]n ([\[(])(-?[\d.]+), (-?[\d.]+)([\])])")


@cache
def parameters(target: str) -> dict[str, Schema]:
    """Describe the arguments of a class or function by annotation and docstring; `**` stands for any other."""
    if target == "???":
        return {"**": {}}
    called = get_object(target)
    kinds = called.__mro__ if isinstance(called, type) else ()
    constructor = next((vars(kind)["__init__"] for kind in kinds if "__init__" in vars(kind)), called)
    try:
        hints = get_type_hints(constructor)
    except (NameError, TypeError):  # names that are imported for type checkers only, or none at all
        hints = {}
    said = _arguments(inspect.getdoc(called) or "")
    found: dict[str, Schema] = {}
    for parameter in inspect.signature(called).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            found["**"] = {}
        else:
            text = said.get(parameter.name, "")
            schema = any_of([_of_annotation(hints.get(parameter.name, Any)), COMPUTED])
            found[parameter.name] = {**_bounded(schema, text), **({"description": text} if text else {})}
    if target.startswith("torch.optim."):
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
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _of_annotation(annotation: Any) -> Schema:
    origin = get_origin(annotation)
    if annotation in PLAIN:
        return {"type": PLAIN[annotation]}
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin in (Union, UnionType):
        return any_of([_of_annotation(one) for one in get_args(annotation)])
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {"type": "object"}
    if isinstance(kind, type) and issubclass(kind, Sequence | set | frozenset):
        return {"type": "array"}
    return {}


def _bounded(schema: Schema, text: str) -> Schema:
    """Add the range that a docstring gives as `In [0, 1)` to the numbers among what is allowed."""
    match = BOUNDS.search(text)
    if not match:
        return schema
    low, high = float(match[2]), float(match[3])
    range_ = {"minimum" if match[1] == "[" else "exclusiveMinimum": low}
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
