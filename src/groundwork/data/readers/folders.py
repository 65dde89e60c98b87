"""What lies below a folder -> its parts and classes; those that would vanish or count twice are named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.core.text import quoted, shortlist
from groundwork.data.labels import composed, twins
from groundwork.data.readers.roles import SPLIT_NAMES
from groundwork.data.readers.tree import Tree
from groundwork.data.store.pictures import suffix_of

MOST_NAMED, MOST_PLACES = 10, 3


def split_depth(files: Sequence[str], folder: Path) -> int:
    """Return 1 where the first folders are splits and the second ones classes, else 0."""
    tops: dict[str, bool] = {}  # folder -> whether all of its images lie in subfolders
    for name in files:
        top, *rest = name.split("/")
        tops[top] = tops.get(top, True) and len(rest) > 1
    splits = {top for top in tops if is_part(top)}
    if not splits:
        _refuse_likely_parts(files, [top for top in sorted(tops) if tops[top]], folder)
    if not splits or (splits != set(tops) and not any(tops[top] for top in splits)):
        return 0  # a class may well be called train
    if splits != set(tops):
        other = sorted(set(tops) - splits)
        raise UserError(
            f"{folder} must hold either classes or train, val and test, but holds {quoted(sorted(splits))} "
            f"beside {quoted(other)}. Move one of them."
        )
    if flat := sorted(top for top in splits if not tops[top]):
        raise UserError(
            f"{folder / flat[0]} must hold one folder per class, but holds images directly. Sort them."
        )
    return 1


def _refuse_likely_parts(files: Sequence[str], tops: Sequence[str], folder: Path) -> None:
    """Refuse `training_set` and `test_set` around the same classes: a model would learn to tell part from part."""
    below: dict[str, set[str]] = {top: set() for top in tops}
    for name in files:
        top, inner, *_ = [*name.split("/"), ""]
        below.get(top, set()).add(inner)
    likely = {}
    for top in tops:
        found = {SPLIT_NAMES[word] for word in re.split("[^a-z]+", top.casefold()) if word in SPLIT_NAMES}
        if len(found) == 1:
            likely[top] = found.pop()
    same = set.intersection(*(below[top] for top in likely)) if likely else set()
    if len(set(likely.values())) > 1 and len(same) > 1:
        raise UserError(
            f"{folder} must hold classes, or train, val and test, but {quoted(likely)} look like "
            f"{quoted(likely.values())} around the same classes, {quoted(sorted(same))}. Rename them so, and move "
            "other folders away."
        )


def is_part(name: str) -> bool:
    """Tell whether a folder is called as a part of a data set is."""
    return name.strip().casefold() in SPLIT_NAMES


def part_of(name: str) -> str:
    """Return train, val or test for the folder of a part."""
    return SPLIT_NAMES[name.strip().casefold()]


def _check_parts(names: Iterable[str], folder: Path) -> None:
    """Refuse one part under two names."""
    parts: dict[str, list[str]] = {}
    for name in sorted(names):
        parts.setdefault(part_of(name), []).append(name)
    for part, found in parts.items():
        if len(found) > 1:
            raise UserError(
                f"{folder} must hold each part once, but {quoted(found)} are all {part}. Merge them, or remove one."
            )


def check_names(names: Iterable[str], folder: Path, what: str) -> None:
    """Refuse folders or files whose names nobody can tell apart."""
    if same := twins(names):
        pairs = shortlist((" and ".join(map(ascii, group)) for group in same), MOST_PLACES, between="; ")
        raise UserError(
            f"{what} of {folder} must differ in more than spaces or the form of an accent, but got {pairs}. "
            "Merge or rename them."
        )


def existing_folder(root: str | Path | None, key: str = "data.root") -> Path:
    """Return the absolute path of a folder that is there."""
    if not root:
        raise UserError(f"{key} must name a folder, but got nothing. Add {key}=FOLDER.")
    folder = Path(root).expanduser().absolute()
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "is not there"
        raise UserError(f"{key} must be a folder, but {folder} {what}. Check {key}.")
    return folder


def check_folders(tree: Tree, depth: int, folder: Path, unreadable: str) -> list[str]:
    """Check parts and classes; return a line on each kind of those of which nothing is read."""
    parts, classes = _places(tree, depth)
    if depth:
        _check_parts(parts, folder)
    for part in parts:
        check_names([name for name in classes if not depth or name.split("/")[0] == part], folder, "folders")
    check_names({composed(name).split("/")[depth] for name in classes}, folder, "folders")
    filled = {composed(name).split("/")[depth] for name in tree.images}
    empty = _without_images(tree, classes, depth)
    gone = [name for name in empty if composed(name).split("/")[depth] not in filled]
    gone += _without_images(tree, parts, 0) if depth else []
    lost = {**{name: _reason(tree, name) for name in gone}, **tree.closed}
    notes = []
    if lost:
        named = _reasons(lost)
        rule = f"every part, class and folder of {folder} must hold an image, but these do not"
        if unreadable == "error":
            raise UserError(f"{rule}: {named}. Add images, remove the folders, or use data.unreadable=drop.")
        notes.append(
            f"{len(lost)} parts, classes or folders of {folder} hold no image and are left out: {named}"
        )
    if partly := {name: _reason(tree, name) for name in empty if name not in lost}:
        notes.append(
            f"folders of classes without an image, whose class has some elsewhere: {_reasons(partly)}"
        )
    if depth and (unlearned := _not_in_train(tree.images)):
        notes.append(
            f"classes without an image in train, which no model can learn there: {quoted(unlearned)}"
        )
    if rest := {name: why for name, why in tree.missed.items() if name not in lost and name not in partly}:
        notes.append(f"{len(rest)} places below {folder} are not read: {_reasons(rest)}")
    return notes


def _reasons(found: dict[str, str]) -> str:
    return shortlist((f"{shown(name)} ({why})" for name, why in found.items()), MOST_NAMED)


def _not_in_train(images: Iterable[str]) -> list[str]:
    """Name the classes that lie in other parts alone, where there is a part for training."""
    found: dict[str, set[str]] = {}
    for name in images:
        part, label, *_ = composed(name).split("/")
        found.setdefault(part_of(part), set()).add(label)
    learned = found.pop("train", None)
    return [] if learned is None else sorted(set().union(*found.values()) - learned)


def _places(tree: Tree, depth: int) -> tuple[list[str], list[str]]:
    """Return the folders of parts, "" alone where there are none, and those of classes, whatever they hold."""
    known = [*tree.folders, *tree.missed, *tree.closed]
    if depth == 0:
        return [""], sorted({name for name in known if "/" not in name and name != "."})
    parts = sorted({name for name in known if "/" not in name and is_part(name)})
    return parts, sorted({name for name in known if name.count("/") == 1 and name.split("/")[0] in parts})


def _without_images(tree: Tree, folders: Iterable[str], depth: int) -> list[str]:
    """Name the folders at a depth below which no image lies."""
    filled = {"/".join(name.split("/")[: depth + 1]) for name in tree.images}
    return [name for name in folders if name not in filled]


def _reason(tree: Tree, name: str) -> str:
    """Say what is there in place of images."""
    if known := tree.missed.get(name) or tree.closed.get(name):
        return known
    below = [other for other in tree.others if other.startswith(f"{name}/")]
    return counted(below) if below else "empty"


def counted(names: Iterable[str]) -> str:
    """Count files by suffix, such as `3 .txt, 1 without suffix`."""
    found = Counter(suffix_of(name) or "without suffix" for name in names)
    return shortlist((f"{number:,} {suffix}" for suffix, number in found.most_common()), MOST_NAMED)


def other_files(tree: Tree, depth: int) -> str:
    """Count the files that are no images by suffix and by the folder of their class."""
    found: dict[str, Counter[str]] = {}
    for name in tree.others:
        place = "/".join(name.split("/")[:-1][: depth + 1])
        found.setdefault(suffix_of(name) or "without suffix", Counter())[place or "."] += 1
    return shortlist(
        (
            f"{sum(by_place.values()):,} {suffix} ("
            + shortlist(
                (f"{shown(place)} {number:,}" for place, number in by_place.most_common()), MOST_PLACES
            )
            + ")"
            for suffix, by_place in sorted(found.items(), key=lambda one: -sum(one[1].values()))
        ),
        MOST_NAMED,
    )


def shown(name: str) -> str:
    """Quote a name that may hold bytes which are no text."""
    return repr(composed(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
