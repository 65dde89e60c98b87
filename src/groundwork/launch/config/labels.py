"""What the file of an option calls itself -> nothing, or the line that says how another is chosen."""

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.core.errors import UserError
from groundwork.launch.config.signatures import PACKAGE

# Group -> its keys that say which option was chosen, and choose nothing.
LABELS = {
    "cluster": ("kind",),
    "data": ("kind",),
    "loss": ("name",),
    "metrics": ("name",),
    "model": ("kind", "name"),
    "task": ("name", "target"),
    "transfer": ("scenario",),
}


def check_label(group: str, choice: str, config: Mapping[str, Any], example: Mapping[str, Any]) -> None:
    """Refuse another label than that of the chosen option, which would name one thing and do another.

    A part of the user's own may be called anything, and a name that is handed on, as timm's, is a choice.

    Args:
        choice: Option of the group.
        config: Of the run, with `${...}` as written.
        example: What the file of the option says.

    Raises:
        UserError: With the words that choose.
    """
    content, kind = config[group], config["data"].get("kind")
    targets = [str(target) for target in _targets(content)]
    if targets != [str(target) for target in _targets(example)] or any(
        target.partition(".")[0] != PACKAGE for target in targets
    ):
        return
    for key in LABELS.get(group, ()):
        if key not in example or content.get(key) == example[key] or _is_handed_on(f"{group}.{key}", example):
            continue
        if (group, choice) == ("model", "auto") and kind != "table":
            continue  # which becomes a network of timm
        other = "model=timm model.name=NAME" if (group, key) == ("model", "name") else f"{group}=NAME"
        raise UserError(
            f"{group}.{key} must be {example[key]}, as {group}={choice} says, but got {content.get(key)}. Use {other} "
            "to choose another."
        )


def _is_handed_on(key: str, node: Any) -> bool:
    if isinstance(node, Mapping):
        return any(_is_handed_on(key, value) for value in node.values())
    return bool(node == f"${{{key}}}")


def _targets(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        for key in sorted(map(str, node)):
            yield from _targets(node.get(key))
