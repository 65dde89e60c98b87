"""A folder -> everything that lies below it: images, other files, leftovers, and what is not read and why."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.data.store.pictures import is_image, suffix_of

# What other programs leave beside pictures, in small letters; names that begin with a dot are hidden as well.
LEFTOVERS = frozenset(
    (
        "__macosx", "__pycache__", "@eadir", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "lost+found",
        "system volume information", "icon\r",
    )
)  # fmt: skip


@dataclass
class Tree:
    """Hold POSIX paths below a folder, every file and folder once however many links lead to it.

    Attributes:
        images: Sorted.
        others: Files that are no images, sorted.
        folders: Every folder that was entered, without the root.
        leftovers: Hidden files and folders, and those that other programs leave behind.
        missed: Folder or broken link -> why nothing of it is read.
        closed: Folder -> why the system does not show what is in it.
        again: Link to a file -> the file that is read already.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)


def read_tree(root: Path) -> Tree:
    """Walk a folder: first what really lies there, then what links lead to and is not there already."""
    walk = _Walk(root)
    walk.enter("", os.path.realpath(root))
    while walk.links:
        walk.follow(walk.links.pop(0))
    tree = walk.tree
    tree.images.sort()
    tree.others.sort()
    return tree


class _Walk:
    def __init__(self, root: Path):
        self.root, self.tree = root, Tree()
        self.links: list[str] = []
        self.places: dict[str, str] = {}  # real path of a folder that was entered -> its name
        self.files: dict[str, str] = {}  # real path of a file that a link led to -> name of the link

    def enter(self, name: str, real: str) -> None:
        """Collect a folder with all that really lies below it, and the links in it for later."""
        waiting = [(name, real)]
        while waiting:
            name, real = waiting.pop()
            if real in self.places:
                self.tree.missed[name] = f"the same as {self.places[real] or 'the whole folder'!r}"
                continue
            self.places[real] = name
            if name:
                self.tree.folders.append(name)
            try:
                with os.scandir(self.root / name) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self.tree.closed[name or "."] = str(error.strerror)
                continue
            below = [
                (self._join(name, entry), str(Path(real, entry.name)))
                for entry in entries
                if self._sort(name, entry)
            ]
            waiting += reversed(below)

    def follow(self, name: str) -> None:
        """Read what a link leads to, unless it is read already."""
        path = self.root / name
        real = os.path.realpath(path)
        parent = os.path.realpath(path.parent)
        if Path(real).is_dir():
            if f"{parent}{os.sep}".startswith(f"{real.rstrip(os.sep)}{os.sep}"):
                self.tree.missed[name] = "a link that leads in a circle"
            elif real in self.places:
                self.tree.missed[name] = f"a link to {self.places[real]!r}"
            else:
                self.enter(name, real)
        elif Path(real).exists():
            self._follow_file(name, real)
        elif suffix_of(name):
            self._file(name)  # decoding will say that it does not exist
        else:
            self.tree.missed[name] = "a broken link"

    def _follow_file(self, name: str, real: str) -> None:
        place = self.places.get(str(Path(real).parent))
        if place is not None:
            self.tree.again[name] = f"{place}/{Path(real).name}".lstrip("/")
        elif real in self.files:
            self.tree.again[name] = self.files[real]
        else:
            self.files[real] = name
            self._file(name)

    def _sort(self, name: str, entry: os.DirEntry[str]) -> bool:
        """Put an entry where it belongs; tell whether it is a folder to enter."""
        whole = self._join(name, entry)
        if entry.name.startswith(".") or entry.name.lower() in LEFTOVERS:
            self.tree.leftovers.append(whole)
        elif entry.is_symlink():
            self.links.append(whole)
        elif entry.is_dir():
            return True
        elif entry.is_file():
            self._file(whole)
        else:
            self.tree.missed[whole] = "neither a file nor a folder"
        return False

    def _file(self, name: str) -> None:
        (self.tree.images if is_image(self.root / name) else self.tree.others).append(name)

    @staticmethod
    def _join(name: str, entry: os.DirEntry[str]) -> str:
        return f"{name}/{entry.name}" if name else entry.name
