"""Finished runs -> groups of one configuration, each named by what sets it apart from the others."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.evaluate.compare.finished import FinishedRun
from groundwork.evaluate.ledger import fingerprint

MOST_LETTERS = 40  # of one value in the name of a group
# A key with one of these names picks an option of its config group; the rest of the group follows from it.
CHOICES = ("name", "scenario", "_target_")


@dataclass(frozen=True)
class Group:
    """Hold the runs of one configuration.

    Attributes:
        parts: Key -> how the name tells it, such as {"optim.lr": "optim.lr=0.01"}.
        name: All parts in one.
        differing: Every key that differs between the groups -> value here, also what the name spares.
        runs: Its seeds and folds.
    """

    parts: dict[str, str]
    name: str
    differing: dict[str, Any]
    runs: tuple[FinishedRun, ...]


def group_runs(runs: Sequence[FinishedRun]) -> list[Group]:
    """Put runs together that differ in seed, fold, path or name only; in the order of their first runs."""
    together: dict[tuple[str, str], list[FinishedRun]] = {}
    for run in runs:
        # The path of the data is no part of a configuration, but its content is.
        together.setdefault((fingerprint(run.config), str(run.data["content_hash"])), []).append(run)
    members = list(together.values())
    configs = [_flat(group[0].config) for group in members]
    for config, chosen in zip(configs, _options([group[0] for group in members]), strict=True):
        config.update(chosen)
    columns = _differing(configs)
    kept = _distinguishing(columns)
    typed = {key for group in members for key in group[0].result.get("changes") or {}}
    # What somebody changed says enough, if it tells the groups apart; keys that conf/ has got since do not.
    parts, names = _named(configs, [key for key in kept if key in typed])
    if len(set(names)) < len(names):
        parts, names = _named(configs, kept)
    count = Counter(names)
    return [
        Group(
            part,
            name if count[name] == 1 else f"{name}, {_data_label(group[0], members)} ({i + 1})",
            {key: column[i] for key, column in columns.items()},
            tuple(group),
        )
        for i, (part, name, group) in enumerate(zip(parts, names, members, strict=True))
    ]


def _named(
    configs: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> tuple[list[dict[str, str]], list[str]]:
    parts = [{key: _key_label(key, config[key]) for key in keys if key in config} for config in configs]
    return parts, [", ".join(dict.fromkeys(part.values())) or "all runs" for part in parts]


def _options(runs: Sequence[FinishedRun]) -> list[dict[str, str]]:
    """Give the option of every config group that one of the runs chose otherwise than its experiment.

    A group says in one word what its keys say in many: model=mlp_periodic.
    """
    chosen = [
        {
            key: pair
            for key, pair in (run.result.get("changes") or {}).items()
            if isinstance(run.config.get(key), dict)
        }
        for run in runs
    ]
    default = {key: str(pair[0]) for changes in chosen for key, pair in changes.items()}
    return [
        {key: str(changes[key][1]) if key in changes else plain for key, plain in default.items()}
        for changes in chosen
    ]


def _data_label(run: FinishedRun, members: Sequence[Sequence[FinishedRun]]) -> str:
    """Tell apart what the shortened names do not: by the data, if that differs."""
    if len({group[0].data["content_hash"] for group in members}) > 1:
        return f"data {run.data['content_hash'][:8]}"
    return "see runs.csv"


def _differing(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Find the keys whose values differ, and the value of each configuration."""
    names = dict.fromkeys(key for config in configs for key in config)
    columns = {}
    for key in names:
        # The fingerprint of one key alone is the same for all its values where the key does not count.
        marks = {fingerprint(_nested(key, config[key])) if key in config else "" for config in configs}
        if len(marks) > 1:
            columns[key] = [config.get(key) for config in configs]
    return columns


def _distinguishing(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """Leave out keys that repeat another one, or that follow from the choice made in their config group."""
    kept: list[str] = []
    texts = {key: [json.dumps(value, default=str) for value in column] for key, column in columns.items()}
    for key in sorted(columns, key=_rank):
        group, last = key.split(".")[0], key.split(".")[-1]
        spare = False
        for other in kept:
            repeats = other.split(".")[-1] == last and texts[other] == texts[key]
            chosen = other == group or (other.split(".")[0] == group and other.split(".")[-1] in CHOICES)
            follows = len(set(zip(texts[other], texts[key], strict=True))) == len(set(texts[other]))
            spare |= repeats or (chosen and follows)
        if not spare:
            kept.append(key)
    return [key for key in columns if key in kept]


def _rank(key: str) -> tuple[int, int]:
    *above, last = key.split(".")
    if not above:
        return -1, 0
    return CHOICES.index(last) if last in CHOICES else len(CHOICES), len(above)


def _key_label(key: str, value: Any) -> str:
    if key.endswith("._target_"):
        return f"{key.removesuffix('._target_')}={str(value).rpartition('.')[2]}"
    text = value if isinstance(value, str) else json.dumps(value)
    half = (MOST_LETTERS - 1) // 2
    return f"{key}={text if len(text) <= MOST_LETTERS else f'{text[:half]}…{text[-half:]}'}"


def _flat(node: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(node, dict) or not node:
        return {path: node}
    found: dict[str, Any] = {}
    for key, value in node.items():
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found


def _nested(key: str, value: Any) -> dict[str, Any]:
    *above, last = key.split(".")
    tree = {last: value}
    for name in reversed(above):
        tree = {name: tree}
    return tree
