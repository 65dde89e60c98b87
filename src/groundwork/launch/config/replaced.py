"""A part whose `_target_` was replaced -> without the keys that belong to the class it replaces."""

from collections.abc import Collection, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from groundwork.core.paths import CONF
from groundwork.core.quote import key_of

# Group -> where its part stands, and the keys that are the engine's, whatever the class.
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "optim": ("optim", ("lr", "weight_decay", "layer_decay")),
    "schedule": ("schedule", ()),
    "augment": ("augment", ()),
    "model": ("model.backbone", ()),
}


def drop_replaced(config: DictConfig, choices: dict[str, str], overrides: Sequence[str]) -> None:
    """Let a class that was put in the place of another begin with its own defaults.

    Keys that were typed, and those that an experiment sets otherwise than the file of the group, stay.

    Args:
        config: Changed in place.
        choices: Group -> option.
        overrides: As typed.
    """
    typed = {key_of(override) for override in overrides}
    for group, (place, kept) in PARTS.items():
        node = OmegaConf.select(config, place, throw_on_missing=False)
        if not isinstance(node, DictConfig) or OmegaConf.is_missing(node, "_target_"):
            continue
        shipped = _shipped(group, choices.get(group), place)
        if shipped.get("_target_") in (None, "???", node.get("_target_")):
            continue
        own: Any = OmegaConf.to_container(node, resolve=False)
        with open_dict(node):
            for key in _left_over(own, shipped, kept):
                if f"{place}.{key}" not in typed:
                    del node[key]


def _left_over(own: dict[str, Any], shipped: dict[str, Any], kept: Collection[str]) -> list[str]:
    return [key for key, value in own.items() if key not in kept and key in shipped and shipped[key] == value]


def _shipped(group: str, option: str | None, place: str) -> dict[str, Any]:
    """Read what the file of an option says about a part, with the files of its group that it builds on."""
    path = CONF / group / f"{option}.yaml"
    if not path.is_file():
        return {}  # in a folder of one's own
    content: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    inner = place.partition(".")[2]
    found = (content.get(inner) or {}) if inner else content
    for base in reversed([each for each in content.get("defaults", []) if each != "_self_"]):
        found = {**_shipped(group, base, place), **found}
    return {key: value for key, value in found.items() if key != "defaults"}
