"""The cache folder: how large it is, what was used last, how to empty it.

Layout: <cache>/<kind>/<key>/, one folder per entry, whose modification time says when it was last used.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import rmtree
from uuid import uuid4


def cache_size(cache: Path) -> int:
    """Count the bytes of a cache folder."""
    return sum(_size(path) for path in cache.rglob("*"))


def clear_cache(cache: Path) -> int:
    """Empty a cache folder and return the number of bytes that this freed."""
    before = cache_size(cache)
    for kind in _folders(cache):
        rmtree(kind, ignore_errors=True)
    return before - cache_size(cache)


def limit_cache(cache: Path, max_bytes: int, keep: Path) -> list[Path]:
    """Remove the least recently used entries until the cache fits; never `keep`, the entry in use.

    Returns:
        The removed entries.
    """
    entries = [entry for kind in _folders(cache) for entry in _folders(kind) if entry.name[0] != "."]
    entries.sort(key=lambda entry: entry.stat().st_mtime)
    total, removed = cache_size(cache), []
    for entry in entries:
        if total <= max_bytes:
            break
        if entry == keep:
            continue
        gone, num_bytes = entry.with_name(f".removed-{uuid4().hex}"), cache_size(entry)
        try:
            entry.replace(gone)
        except OSError:
            continue  # Windows refuses while another run has it open
        rmtree(gone, ignore_errors=True)
        total -= num_bytes
        removed.append(entry)
    return removed


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    os.utime(entry)


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
