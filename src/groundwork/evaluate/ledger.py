"""Sealed tests -> a count of the distinct configurations that have seen one test set."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from groundwork.core.lock import locked

log = logging.getLogger(__name__)

# What changes where, when or under which name a configuration runs, but not what it is.
GROUPS_LEFT_OUT = {"paths", "logger", "cluster", "report", "hydra", "debug"}
KEYS_LEFT_OUT = {
    "seed", "name", "tags", "like", "run", "run_id", "experiment",
    "split.fold", "data.root", "data.table", "data.image_root",
    "trainer.devices", "trainer.num_nodes", "trainer.accelerator", "trainer.strategy",
    "trainer.enable_progress_bar", "trainer.enable_model_summary", "trainer.log_every_n_steps",
    "trainer.default_root_dir", "callbacks.progress",
}  # fmt: skip


def fingerprint(config: Mapping[str, Any]) -> str:
    """Name a resolved configuration by what it is: 16 hexadecimal digits.

    Left out are `GROUPS_LEFT_OUT` and `KEYS_LEFT_OUT`; a key `seed` or one that repeats a folder
    (`root`, `table`, `image_root`) also where another node repeats it, except `split.seed`.
    """
    text = json.dumps(_identity(config, ""), sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


def append_test(
    runs: Path, split_hash: str, *, run_id: str, config: Mapping[str, Any], checkpoint_hash: str, seed: int
) -> int:
    """Write one sealed test into the ledger of its split.

    Args:
        runs: Folder of all runs, `paths.runs`.
        split_hash: Hash of the split whose test part was read.
        run_id: Of the run that was tested.
        config: Its resolved configuration.
        checkpoint_hash: Of the weights that were tested.
        seed: Of the run.

    Returns:
        Number of distinct configurations tested on this split, this one included.
    """
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        "configuration": fingerprint(config),
        "checkpoint_hash": checkpoint_hash,
        "split_hash": split_hash,
        "seed": seed,
    }
    path = ledger_path(runs, split_hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")), path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            # A line that a crash tore must not swallow this one.
            torn = file.read(1) != b"\n"
        else:
            torn = False
        file.write((b"\n" if torn else b"") + json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return count_configurations(runs, split_hash)


def read_ledger(runs: Path, split_hash: str) -> list[dict[str, Any]]:
    """Read the sealed tests of a split, oldest first; a torn line is named in the log and left out."""
    path = ledger_path(runs, split_hash)
    if not path.is_file():
        return []
    entries = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and "configuration" in entry:
            entries.append(entry)
        elif line.strip():
            log.warning("%s line %d cannot be read and is not counted", path, number)
    return entries


def count_configurations(runs: Path, split_hash: str) -> int:
    """Count the distinct configurations tested on a split; seeds and folds of one count once."""
    return len({entry["configuration"] for entry in read_ledger(runs, split_hash)})


def ledger_path(runs: Path, split_hash: str) -> Path:
    """Name the ledger of a split."""
    return runs / ".ledger" / f"{split_hash}.jsonl"


def _identity(node: Any, path: str) -> Any:
    if isinstance(node, Mapping):
        return {
            str(key): _identity(value, f"{path}{key}.")
            for key, value in node.items()
            if not _left_out(f"{path}{key}")
        }
    if isinstance(node, list | tuple):
        return [_identity(value, path) for value in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)  # 1.0 and 1 configure the same
    return node


def _left_out(path: str) -> bool:
    group, _, rest = path.partition(".")
    if group in GROUPS_LEFT_OUT or path in KEYS_LEFT_OUT:
        return True
    key = rest.rpartition(".")[2]
    return (key == "seed" and group != "split") or (
        group == "data" and key in {"root", "table", "image_root"}
    )
