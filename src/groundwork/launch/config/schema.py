"""conf/ and the signatures that it names -> JSON schemas, by which an editor completes and checks its keys."""

from collections.abc import Iterable, Mapping
from json import dumps
from pathlib import Path
from typing import Any

from groundwork.core.atomic import write_text
from groundwork.core.paths import CONF, ROOT
from groundwork.launch.config.documented import GLOBAL, own_keys, read_file
from groundwork.launch.config.schema_types import (
    DEFINITION,
    HYDRA_KEYS,
    Schema,
    any_of,
    commented,
    comments_of,
    interpolated,
    of_value,
    parameters,
)

PLACE = ROOT / ".vscode" / "schema"
DIALECT = "http://json-schema.org/draft-07/schema#"
OPEN = ("callbacks",)  # groups of named objects, to which a user adds more


def write_schemas() -> list[Path]:
    """Write `conf.json`, which holds everything, and a file per group that points into it, for editors to find."""
    documents = {"conf": whole_schema()}
    documents |= {
        name: {"$schema": DIALECT, "$ref": f"conf.json#/definitions/{name}"}
        for name in documents["conf"]["definitions"]
        if not name.endswith(".keys")
    }
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        write_text(PLACE / f"{name}.json", serialize(document))
    return [PLACE / f"{name}.json" for name in documents]


def serialize(document: Schema) -> str:
    """Write a schema as text, the same for the same `conf/`: one line per definition, so that changes can be read."""
    parts = {key: dumps(value, ensure_ascii=False) for key, value in document.items() if key != "definitions"}
    if "definitions" in document:
        each = (
            f"  {dumps(name)}: {dumps(one, ensure_ascii=False)}"
            for name, one in document["definitions"].items()
        )
        parts["definitions"] = "{\n" + ",\n".join(each) + "\n }"
    return "{\n" + ",\n".join(f" {dumps(key)}: {text}" for key, text in parts.items()) + "\n}\n"


def whole_schema() -> Schema:
    """Describe the files of every group: `<group>`, and what one may set of it from elsewhere: `<group>.keys`."""
    groups = sorted(path.name for path in CONF.iterdir() if path.is_dir())
    files = {group: [read_file(path) for path in sorted((CONF / group).glob("*.yaml"))] for group in groups}
    definitions: dict[str, Schema] = {}
    for group in groups:
        own = [(own_keys(content, text, group), text) for content, text in files[group]]
        keys = _node(
            [content for content, _ in own], comments_of(text for _, text in own), group, closed=True
        )
        if group in OPEN:
            keys["additionalProperties"] = {"type": ["object", "null"]}
        definitions[f"{group}.keys"] = keys
        is_global = any(text.startswith(GLOBAL) for _, text in files[group])
        choices = [{"$ref": f"#/definitions/{group}.keys"}]
        definitions[group] = (
            {"anyOf": [*choices, {"$ref": "#/definitions/train"}]} if is_global else choices[0]
        )
    content, text = read_file(CONF / "train.yaml")
    root = {key: value for key, value in content.items() if key not in (*groups, "hydra", "defaults")}
    train = _node([root], comments_of([text]), "", closed=True)
    whole = [group for group in groups if any(text.startswith(GLOBAL) for _, text in files[group])]
    train["properties"] |= {"hydra": {"type": "object"}, "defaults": _defaults(*whole)}
    train["properties"] |= {
        group: {"anyOf": [{"$ref": f"#/definitions/{group}.keys"}, {"type": ["string", "null"]}]}
        for group in groups
    }
    for group in groups:
        definitions[f"{group}.keys"]["properties"]["defaults"] = _defaults(group)
    return {
        "$schema": DIALECT,
        "definitions": {
            **definitions,
            "train": train,
            "computed.keys": DEFINITION,
            "choices.keys": _choices(groups),
        },
    }


def _node(nodes: list[dict[str, Any]], comments: Mapping[str, str], path: str, closed: bool) -> Schema:
    """Describe a mapping by all examples of it.

    Args:
        nodes: The mapping in every file that has it.
        comments: Key -> what it means.
        path: Of the mapping, such as `model`.
        closed: Whether other keys are misspelt.
    """
    values: dict[str, list[Any]] = {}
    for node in nodes:
        for key, value in node.items():
            values.setdefault(str(key), []).append(value)
    targets = list(dict.fromkeys(values.pop("_target_", [])))
    given = interpolated(nodes, path, parameters)
    properties: dict[str, Schema] = {key: {} for key in HYDRA_KEYS} if targets else {}
    for name in dict.fromkeys(name for target in targets for name in parameters(target)):
        known = [parameters(target)[name] for target in targets if name in parameters(target)]
        properties[name] = {**any_of(known), **_said(known[0].get("description"))}
    for key, examples in values.items():
        inner = [example for example in examples if isinstance(example, dict)]
        if inner:
            described = _node(inner, comments, f"{path}.{key}" if path else key, closed=False)
            described = any_of([described, *(of_value(one) for one in examples if one not in inner)])
        else:
            described = given.get(key) or properties.get(key) or any_of([of_value(one) for one in examples])
        said = comments.get(key) or described.get("description", "")
        properties[key] = {**commented(described, said), **_said(said)}
    schema: Schema = {"type": "object", "properties": properties}
    if targets:
        beside = {
            target: [key for node in nodes if node.get("_target_") == target for key in node]
            for target in targets
        }
        schema["allOf"] = [_of_target(target, len(targets) == 1, beside[target]) for target in targets]
        unnamed = {
            "properties": dict.fromkeys([*properties, "defaults"], True),
            "additionalProperties": False,
        }
        schema["allOf"].append({"if": {"not": {"required": ["_target_"]}}, "then": unnamed})
    elif closed:
        schema["additionalProperties"] = False
    return schema


def _said(text: str | None) -> Schema:
    return {"description": text} if text else {}


def _of_target(target: str, alone: bool, beside: Iterable[str]) -> Schema:
    """Let only the arguments of a target stand beside it, and what stands beside it in conf/."""
    known = parameters(target)
    condition = {"properties": {"_target_": {"const": target}}, "required": ["_target_"]}
    if "**" in known:
        return {"if": condition, "then": {}}
    # A target that is alone has its types in the properties of the mapping already.
    kinds = dict.fromkeys(known, True) if alone else known
    allowed = {**dict.fromkeys([*HYDRA_KEYS, "defaults", *beside], True), **kinds}
    return {"if": condition, "then": {"properties": allowed, "additionalProperties": False}}


def _choices(groups: list[str]) -> Schema:
    """Describe the choice of an option of another group in a list of defaults."""
    named = {group: sorted(path.stem for path in (CONF / group).glob("*.yaml")) for group in groups}
    one: Schema = {}
    for group, options in named.items():
        one[group] = one[f"override /{group}"] = {"anyOf": [{"enum": [*options, None]}, {"type": "array"}]}
    others = {"patternProperties": {"^override /?hydra/": {}}, "additionalProperties": False}
    return {"type": "object", "properties": one, **others}


def _defaults(*own_groups: str) -> Schema:
    """Describe a list of defaults: files of the group itself, and choices of other groups."""
    own = sorted({path.stem for group in own_groups for path in (CONF / group).glob("*.yaml")})
    return {
        "type": "array",
        "items": {"anyOf": [{"enum": ["_self_", *own]}, {"$ref": "#/definitions/choices.keys"}]},
    }
