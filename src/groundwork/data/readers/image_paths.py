"""Cells that name images -> the files below a folder that they mean."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import numpy as np
from pandas import Series

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.labels import one_name
from groundwork.data.store.pictures import is_image, suffix_of


def find_images(column: Series, folder: Path, key: str) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return POSIX paths below the folder, those of them that are not there, and notes.

    A path that is not there as it is written is looked up without regard to case, to the form of accents, and, where it
    has no suffix of an image, by the name before the suffix; it is taken where one file alone fits.

    Args:
        column: (N,) paths, relative to the folder or absolute.
        folder: No path leads out of it.
        key: By which the user names the folder.
    """
    gone = np.flatnonzero(column.isna())
    if len(gone):
        raise UserError(
            f"every row must have an image, but {column.name!r} misses it in row {quoted(gone + 1)}. Fill it in."
        )
    written = [text.replace("\\", "/") for text in column.astype(str)]
    names, cut = _below(written, folder)
    outside = [
        text for text, name in zip(column, names, strict=True) if name == ".." or name.startswith("../")
    ]
    if outside:
        raise UserError(
            f"images must lie below {folder}, but {quoted(outside)} does not. Set {key}, or make the paths relative."
        )
    notes = [f"the paths of {column.name!r} are absolute; {cut!r} is taken off"] if cut else []
    there = {name: (folder / name).is_file() for name in set(names)}
    if all(there.values()):
        return names, [], tuple(notes)
    meant = _Meant(folder)
    found = {name: meant.file(name) for name, is_there in there.items() if not is_there}
    if used := {name: file for name, file in found.items() if file is not None}:
        pairs = ", ".join(f"{name!r} is {file!r}" for name, file in sorted(used.items())[:3])
        notes.append(f"{len(used):,} paths of {column.name!r} name files by another case or suffix: {pairs}")
    absent = [name for name in names if not there[name] and found[name] is None]
    return [used.get(name, name) for name in names], absent, tuple(notes)


def _below(written: Sequence[str], folder: Path) -> tuple[list[str], str]:
    """Make absolute paths relative to the folder; those of another machine from where they go on below it."""
    root = folder.as_posix()
    names = [
        posixpath.normpath(posixpath.relpath(path, root) if posixpath.isabs(path) else path)
        for path in written
    ]
    strange = [
        path for path in written if _is_absolute(path) and not posixpath.normpath(path).startswith(f"{root}/")
    ]
    if not strange or len(strange) < len(written):
        return names, ""
    top = posixpath.commonpath([posixpath.dirname(path) for path in strange])
    while top not in ("", "/"):
        rest = [posixpath.normpath(path)[len(posixpath.normpath(top)) + 1 :] for path in strange]
        if any((folder / name).is_file() for name in rest):
            return rest, top
        top = posixpath.dirname(top)
    return names, ""


def _is_absolute(path: str) -> bool:
    return posixpath.isabs(path) or bool(PureWindowsPath(path).drive)


class _Meant:
    """Look files up by what people and other systems make of their names."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.listings: dict[str, dict[str, list[str]]] = {}

    def file(self, name: str) -> str | None:
        """Find the one file that a path means; None where there is none, or several."""
        place, _, base = name.rpartition("/")
        known = self.listing(place)
        found = known.get(_key(base), [])
        if not found and suffix_of(base) == "":
            found = [file for file in known.get(f"{_key(base)}.", []) if is_image(self.folder / place / file)]
        return posixpath.join(place, found[0]) if len(found) == 1 else None

    def listing(self, place: str) -> dict[str, list[str]]:
        """List the files of a folder under their whole name, and under that before the suffix with a dot."""
        if place not in self.listings:
            known: dict[str, list[str]] = {}
            try:
                files = [path.name for path in (self.folder / place).iterdir() if path.is_file()]
            except OSError:
                files = []
            for file in sorted(files):
                known.setdefault(_key(file), []).append(file)
                known.setdefault(f"{_key(Path(file).stem)}.", []).append(file)
            self.listings[place] = known
        return self.listings[place]


def _key(name: str) -> str:
    return one_name(name).casefold()
