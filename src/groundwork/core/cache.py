"""The cache folder: how large it is, what was used last, how to empty it.

Layout: <cache>/<kind>/<key>/, one folder per entry, whose modification time says when it was last used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

KINDS = ("store", "features", "maps", "execution", "shards")
REMOVED = ".removed-"  # begins the name of an entry that is going


def kind_folders(cache: Path) -> list[Path]:
    """List the folders of a cache that are ours, whatever else its owner keeps beside them."""
    return [folder for folder in _folders(cache) if folder.name in KINDS]


def cache_size(cache: Path) -> int:
    """Count the bytes of what this project keeps in a cache folder."""
    return sum(_bytes(kind) for kind in kind_folders(cache))


def clear_cache(cache: Path) -> int:
    """Empty a cache folder and return the number of bytes that this freed."""
    before = cache_size(cache)
    for kind in kind_folders(cache):
        rmtree(kind, ignore_errors=True)
    return before - cache_size(cache)


def limit_cache(folders: Sequence[Path], max_bytes: int, keep: Path | None) -> list[Path]:
    """Remove the least recently used entries of some folders until these together fit.

    Args:
        folders: Each holds the entries of one kind. What has a hidden name is still being built: it counts, and stays.
        max_bytes: What all of them may hold together.
        keep: The entry in use, which stays whatever the limit.

    Returns:
        The removed entries.
    """
    found = [path for folder in folders for path in _folders(folder)]
    for path in found:
        if path.name.startswith(REMOVED):  # by a process that was killed meanwhile
            rmtree(path, ignore_errors=True)
    entries = sorted((path for path in found if not path.name.startswith(".")), key=_last_use)
    total, removed = sum(map(_bytes, folders)), []
    for entry in entries:
        if total <= max_bytes:
            break
        if entry == keep:
            continue
        gone, num_bytes = entry.with_name(f"{REMOVED}{uuid4().hex}"), _bytes(entry)
        try:
            entry.replace(gone)
        except OSError:
            continue  # another process has just removed it, or Windows refuses while one has it open
        rmtree(gone, ignore_errors=True)
        total -= num_bytes
        removed.append(entry)
    return removed


def touch(entry: Path) -> None:
    """Mark an entry as used now; one that another process has just removed is not there to be marked."""
    with suppress(FileNotFoundError):
        os.utime(entry)


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _bytes(folder: Path) -> int:
    # os.walk passes over what another process removes meanwhile.
    return sum(_size(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


def _last_use(entry: Path) -> float:
    with suppress(FileNotFoundError):
        return entry.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
