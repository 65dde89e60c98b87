"""Folders of images -> samples, one class per folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from pandas import DataFrame, RangeIndex, Series

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.text import quoted, shortlist
from groundwork.data.labels import composed
from groundwork.data.readers.folders import (
    MOST_NAMED,
    check_folders,
    check_names,
    counted,
    existing_folder,
    other_files,
    part_of,
    shown,
    split_depth,
)
from groundwork.data.readers.tree import Tree, read_tree
from groundwork.data.samples import Samples

Unreadable = Literal["error", "drop"]
UNREADABLE = get_args(Unreadable)


def read_image_folder(root: str | Path | None, unreadable: Unreadable = "error") -> Samples:
    """Read root/<class>/**/*.jpg, or root/{train,val,test}/<class>/**/*.jpg with the data set's own split.

    Args:
        root: The folder.
        unreadable: "error" refuses classes, parts and folders of which no image can be read, "drop" names them.
            Configurations of the first edition do not have this key, which is why it has a default.

    Raises:
        UserError: If the folder is missing, holds no image or one class only, mixes both layouts, has two names for
            one class or part, or holds what `unreadable` refuses.
    """
    check_choice("data.unreadable", unreadable, UNREADABLE)
    folder = existing_folder(root)
    tree = _checked(read_tree(folder), folder)
    files = tree.images
    if not files:
        found = f" ({counted(tree.others)})" if tree.others else ""
        raise UserError(
            f"{folder} must hold images in one folder per class, but holds none{found}. Check data.root."
        )
    if loose := [name for name in files if "/" not in name]:
        raise UserError(
            f"every image must lie in the folder of its class, but {quoted(loose)} is in {folder}. Move it."
        )
    depth = split_depth(files, folder)
    notes = check_folders(tree, depth, folder, unreadable)
    paths = [composed(name).split("/") for name in files]
    labels = [path[depth].strip() for path in paths]
    if len(set(labels)) < 2:
        raise UserError(
            f"{folder} must hold two classes or more, but holds {quoted(sorted(set(labels)))} only. "
            f"{_deeper(files, folder)}"
        )
    return image_samples(
        folder,
        names=files,
        target=DataFrame({"class": Series(labels, dtype="str")}),
        official=Series([part_of(path[0]) for path in paths], dtype="str") if depth else None,
        notes=(*notes, *_notes(tree, depth, folder)),
    )


def read_images(root: str | Path) -> Samples:
    """Read every image below a folder, or one image file, without any target, for prediction."""
    path = Path(root).expanduser().absolute()
    if path.is_file():
        return image_samples(path.parent, [path.name], DataFrame(index=RangeIndex(1)), None, ())
    folder = existing_folder(root)
    tree = _checked(read_tree(folder), folder)
    files = tree.images
    if not files:
        raise UserError(f"{path} must hold images, but holds none. Check the path.")
    notes = [f"{shown(name)} below {folder} is not read: {why}" for name, why in tree.closed.items()]
    notes += [f"{shown(name)} below {folder} is not read: {why}" for name, why in tree.missed.items()]
    target = DataFrame(index=RangeIndex(len(files)))
    return image_samples(path, files, target, None, (*notes, *_notes(tree, 0, folder)))


def image_samples(
    folder: Path,
    names: Sequence[str],
    target: DataFrame,
    official: Series | None,
    notes: tuple[str, ...],
    sample_id: Series | None = None,
) -> Samples:
    """Build samples from POSIX paths below a folder, which name them unless `sample_id` does."""
    return Samples(
        kind="image",
        sample_id=Series([composed(name) for name in names], dtype="str") if sample_id is None else sample_id,
        target=target,
        inputs=DataFrame(index=RangeIndex(len(names))),
        categorical=(),
        root=folder,
        path=Series([str(folder / name) for name in names], dtype="str"),
        official=official,
        notes=notes,
    )


def _checked(tree: Tree, folder: Path) -> Tree:
    """Refuse names that are no text, and two files that nobody can tell apart."""
    if strange := [name for name in tree.images if not _is_text(name)]:
        raise UserError(
            f"names of images must be UTF-8, but {len(strange):,} below {folder} are not: "
            f"{shortlist(map(shown, strange), 3)}. Rename them."
        )
    names = [composed(name) for name in tree.images]
    if len(set(names)) < len(names):
        check_names(tree.images, folder, "images")
    return tree


def _is_text(name: str) -> bool:
    try:
        os.fsencode(name).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _deeper(files: Sequence[str], folder: Path) -> str:
    """Say what helps where a single folder lies around all others, as archives are unpacked."""
    inner = files[0].split("/")[0]
    if all(name.startswith(f"{inner}/") and name.count("/") > 1 for name in files):
        return f"If the classes are below it, use data.root={folder / inner}."
    return "Add one."


def _notes(tree: Tree, depth: int, folder: Path) -> list[str]:
    notes = []
    if tree.others:
        notes.append(
            f"{len(tree.others):,} files below {folder} are no images that can be read: {other_files(tree, depth)}"
        )
    if tree.again:
        links = shortlist((f"{shown(link)} to {shown(file)}" for link, file in tree.again.items()), 3)
        notes.append(
            f"{len(tree.again):,} links lead to files that are read already, and are left out: {links}"
        )
    if tree.leftovers:
        found = Counter(
            "._*" if name.startswith("._") else name for name in map(os.path.basename, tree.leftovers)
        )
        named = shortlist((f"{shown(name)} {number:,}" for name, number in found.most_common()), MOST_NAMED)
        notes.append(
            f"{len(tree.leftovers):,} hidden files and leftovers of other programs are skipped: {named}"
        )
    return notes
