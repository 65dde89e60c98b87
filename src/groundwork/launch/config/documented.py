"""The choices of a composition -> what the chosen files of `conf/` document: keys, examples of values, and comments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from groundwork.core.paths import CONF
from groundwork.launch.config.files import load_mapping
from groundwork.launch.config.schema_types import comments_of
from groundwork.launch.config.searchpath import searched_folders

GLOBAL = "# @package _global_"


@dataclass
class Documented:
    """Hold what the chosen files of a group say about its keys.

    Attributes:
        example: The keys with the values that the files give them, nested as there; the last file wins.
        values: Key -> the values that any of the files gives it.
        comments: Key -> what stands behind it.
        is_closed: Whether every key of the group is known; a file that is not found, or that takes parts of other
            groups, leaves it open.
    """

    example: dict[str, Any] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    is_closed: bool = True

    def add(self, content: Mapping[str, Any], text: str) -> None:
        """Add a file; its values and comments win over those before it."""
        self.example = _merged(self.example, content)
        for key, value in content.items():
            self.values.setdefault(str(key), []).append(value)
        self.comments |= comments_of([text])


def document(group: str, choice: str, overrides: Sequence[str]) -> Documented:
    """Read the chosen options of a group, with the files that they build on.

    Args:
        group: Such as `data`.
        choice: An option, or several as Hydra notes them: `['tensorboard', 'wandb']`.
        overrides: Of the composition; they say in which folders options lie besides `conf/`.
    """
    found = Documented()
    folders = [CONF, *searched_folders(overrides)]
    for option in re.findall(r"[^\s,'\"\[\]]+", choice):
        _add(found, group, option, folders, 0)
    return found


def read_root() -> Documented:
    """Read the keys that belong to no group."""
    found = Documented()
    content, text = read_file(CONF / "train.yaml")
    found.add({key: value for key, value in content.items() if key not in ("defaults", "hydra")}, text)
    return found


def required_groups() -> dict[str, str]:
    """Give the groups of which a run needs an option, each with the default."""
    entries = read_file(CONF / "train.yaml")[0]["defaults"]
    named = {group: option for entry in entries if isinstance(entry, dict) for group, option in entry.items()}
    return {group: option for group, option in named.items() if option and not group.startswith("override ")}


def _add(found: Documented, group: str, option: str, folders: Sequence[Path], depth: int) -> None:
    path = next((one for folder in folders if (one := folder / group / f"{option}.yaml").is_file()), None)
    if path is None or depth > 10:
        found.is_closed = False
        return
    content, text = read_file(path)
    before, behind = _around_self(content.get("defaults", []))
    for entry in before:
        _add_entry(found, group, entry, folders, depth)
    found.add(own_keys(content, text, group), text)
    for entry in behind:
        _add_entry(found, group, entry, folders, depth)


def _add_entry(found: Documented, group: str, entry: Any, folders: Sequence[Path], depth: int) -> None:
    if isinstance(entry, str):
        _add(found, group, entry, folders, depth + 1)
    elif isinstance(entry, dict) and not all(str(key).startswith("override ") for key in entry):
        found.is_closed = False


def _around_self(defaults: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Part the entries before and after `_self_`, which Hydra takes to be the last one where it is not named."""
    entries = list(defaults)
    if "_self_" not in entries:
        return entries, []
    place = entries.index("_self_")
    return entries[:place], entries[place + 1 :]


def read_file(path: Path) -> tuple[dict[str, Any], str]:
    """Read a file of `conf/`, not to be changed, and its text; a sweep or a search asks for it again and again."""
    return _read_once(path, path.stat().st_mtime_ns)


def own_keys(content: Mapping[str, Any], text: str, group: str) -> dict[str, Any]:
    """Take the keys of the group itself out of a file, which may set keys of others, too."""
    own = (content.get(group) or {}) if text.startswith(GLOBAL) else content
    return {key: value for key, value in own.items() if key != "defaults"}


@lru_cache(maxsize=512)
def _read_once(path: Path, _: int) -> tuple[dict[str, Any], str]:
    return load_mapping(path), path.read_text(encoding="utf-8")


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(str(key))
        both = isinstance(known, dict) and isinstance(value, dict)
        merged[str(key)] = _merged(known, value) if both and known is not None else value
    return merged
