"""Sealed tests -> a count of the distinct configurations that have seen one of the same test rows."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.atomic import write_bytes
from groundwork.core.lock import locked
from groundwork.core.older import without_new
from groundwork.data.split.keys import keyed_hash

log = logging.getLogger(__name__)

# What changes where, when or under which name a configuration runs, but not what it is.
# `execution` is measured on the machine, so that two seeds may differ in it; results stay equal up to rounding.
GROUPS_LEFT_OUT = {"paths", "logger", "cluster", "report", "hydra", "debug", "execution"}
KEYS_LEFT_OUT = {
    "seed", "name", "tags", "like", "suspects", "run", "run_id", "experiment",
    "split.fold", "split.seed", "data.root", "data.table", "data.image_root",
    "trainer.devices", "trainer.num_nodes", "trainer.accelerator", "trainer.strategy",
    "trainer.enable_progress_bar", "trainer.enable_model_summary", "trainer.log_every_n_steps",
    "trainer.default_root_dir", "callbacks.progress",
}  # fmt: skip


def fingerprint(config: Mapping[str, Any]) -> str:
    """Name a resolved configuration by what it is: 16 hexadecimal digits.

    Left out are `GROUPS_LEFT_OUT` and `KEYS_LEFT_OUT`; a key `seed` or one that repeats a folder
    (`root`, `table`, `image_root`) also where another node repeats it.
    """
    text = json.dumps(_identity(without_new(config), ""), sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


def row_names(
    root: Path, sample_id: Sequence[str], content: Sequence[str], *, named_by_content: bool
) -> NDArray[np.uint64]:
    """Name test rows so that one is known again: by its name in its place, or else by what it holds, (2 M,) sorted.

    Args:
        root: Folder or file that the samples came from.
        sample_id: (M,) of the test rows.
        content: (M,) hash of inputs and target, which tells a row that was moved or named anew.
        named_by_content: Whether `sample_id` says what a row holds, wherever it lies.
    """
    place = "" if named_by_content else str(root)
    names = keyed_hash((f"{place}\n{name}" for name in sample_id), "groundwork test name")
    contents = keyed_hash(content, "groundwork test content")
    return np.unique(np.concatenate([names, contents]))


def keep_rows(runs: Path, names: NDArray[np.uint64]) -> str:
    """Keep the names of test rows beside the ledger; the text that is returned finds them."""
    found = sha256(names.astype("<u8").tobytes()).hexdigest()[:16]
    path = _rows_path(runs, found)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, names.astype("<u8").tobytes())
    return found


def append_test(
    runs: Path,
    split_hash: str,
    rows: str,
    *,
    run_id: str,
    config: Mapping[str, Any],
    checkpoint_hash: str,
    seed: int,
) -> int:
    """Write one sealed test into the ledger.

    Args:
        runs: Folder of all runs, `paths.runs`.
        split_hash: Hash of the split whose test part was read.
        rows: Of that part, see `keep_rows`.
        run_id: Of the run that was tested.
        config: Its resolved configuration.
        checkpoint_hash: Of the weights that were tested.
        seed: Of the run.

    Returns:
        Number of distinct configurations tested on any of these rows, this one included.
    """
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        "configuration": fingerprint(config),
        "checkpoint_hash": checkpoint_hash,
        "split_hash": split_hash,
        "rows": rows,
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
    return count_configurations(runs, split_hash, rows)


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


def count_configurations(runs: Path, split_hash: str, rows: str | None) -> int:
    """Count the distinct configurations tested on any of the same rows, however train and val were cut around them.

    Seeds, folds and splits of one configuration count once.

    Args:
        split_hash: Tests that were written down before rows were kept count if they had this very split.
        rows: See `keep_rows`; None for a run that was sealed before.
    """
    mine = _read_rows(runs, rows)

    @cache
    def overlaps(other: str | None) -> bool:
        return len(np.intersect1d(mine, _read_rows(runs, other), assume_unique=True)) > 0

    return len(
        {
            entry["configuration"]
            for path in sorted((runs / ".ledger").glob("*.jsonl"))
            for entry in read_ledger(runs, path.stem)
            if entry.get("split_hash", path.stem) == split_hash or overlaps(entry.get("rows"))
        }
    )


def _read_rows(runs: Path, rows: str | None) -> NDArray[np.uint64]:
    path = None if rows is None else _rows_path(runs, rows)
    if path is None or not path.is_file():
        return np.empty(0, dtype=np.uint64)
    return np.fromfile(path, dtype="<u8").astype(np.uint64)


def _rows_path(runs: Path, rows: str) -> Path:
    return runs / ".ledger" / "rows" / f"{rows}.bin"


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
    return key == "seed" or (
        group == "data" and key in {"root", "table", "image_root", "url", "cache", "cache_gb"}
    )
