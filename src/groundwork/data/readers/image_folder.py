"""Folders of images -> samples, one class per folder."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pandas import DataFrame, RangeIndex, Series

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.readers.roles import SPLIT_NAMES
from groundwork.data.samples import Samples

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".npy", ".npz")
)


def read_image_folder(root: str | Path | None) -> Samples:
    """Read root/<class>/**/*.jpg, or root/{train,val,test}/<class>/**/*.jpg with the data set's own split.

    Raises:
        UserError: If the folder is missing, holds no image or one class only, or mixes both layouts.
    """
    folder = existing_folder(root)
    files, others = list_images(folder)
    if not files:
        raise UserError(
            f"{folder} must hold images in one folder per class, but holds none. Check data.root."
        )
    if loose := [name for name in files if "/" not in name]:
        raise UserError(
            f"every image must lie in the folder of its class, but {quoted(loose)} lies in {folder}. Move it."
        )
    split_depth = _split_depth(files, folder)
    parts = [composed(name).split("/") for name in files]
    labels = [part[split_depth] for part in parts]
    if len(set(labels)) < 2:
        raise UserError(
            f"{folder} must hold two classes or more, but holds {quoted(sorted(set(labels)))} only. Add one."
        )
    official = [SPLIT_NAMES[part[0].casefold()] for part in parts] if split_depth else None
    return image_samples(
        folder,
        names=files,
        target=DataFrame({"class": Series(labels, dtype="str")}),
        official=None if official is None else Series(official, dtype="str"),
        notes=_notes(others, folder),
    )


def read_images(root: str | Path) -> Samples:
    """Read every image below a folder, or one image file, without any target, for prediction."""
    path = Path(root).expanduser().absolute()
    if path.is_file():
        return image_samples(path.parent, [path.name], DataFrame(index=RangeIndex(1)), None, ())
    files, others = list_images(existing_folder(root))
    if not files:
        raise UserError(f"{path} must hold images, but holds none. Check the path.")
    return image_samples(path, files, DataFrame(index=RangeIndex(len(files))), None, _notes(others, path))


def existing_folder(root: str | Path | None, key: str = "data.root") -> Path:
    """Return the absolute path of a folder that is there."""
    if not root:
        raise UserError(f"{key} must name a folder, but got nothing. Add {key}=FOLDER.")
    folder = Path(root).expanduser().absolute()
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "is not there"
        raise UserError(f"{key} must be a folder, but {folder} {what}. Check {key}.")
    return folder


def list_images(folder: Path) -> tuple[list[str], list[str]]:
    """Return POSIX paths below a folder, sorted: those of images, and those of other files.

    Hidden files and folders are skipped; links are followed, each folder once.
    """
    images: list[str] = []
    others: list[str] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        below = Path(place).relative_to(folder)
        for name in files:
            if not name.startswith("."):
                kept = images if Path(name).suffix.lower() in IMAGE_SUFFIXES else others
                kept.append((below / name).as_posix())
    return sorted(images), sorted(others)


def composed(name: str) -> str:
    """Write an accent as one character, which macOS may hand out as two."""
    return unicodedata.normalize("NFC", name)


def image_samples(
    folder: Path, names: Sequence[str], target: DataFrame, official: Series | None, notes: tuple[str, ...]
) -> Samples:
    """Build samples from POSIX paths below a folder, which name them."""
    return Samples(
        kind="image",
        sample_id=Series([composed(name) for name in names], dtype="str"),
        target=target,
        inputs=DataFrame(index=RangeIndex(len(names))),
        categorical=(),
        root=folder,
        path=Series([str(folder / name) for name in names], dtype="str"),
        official=official,
        notes=notes,
    )


def _split_depth(files: Sequence[str], folder: Path) -> int:
    """Return 1 where the first folders are splits and the second ones classes, else 0."""
    tops: dict[str, bool] = {}  # folder -> whether all of its images lie in subfolders
    for name in files:
        top, *rest = name.split("/")
        tops[top] = tops.get(top, True) and len(rest) > 1
    splits = {top for top in tops if top.casefold() in SPLIT_NAMES}
    if not splits or (splits != set(tops) and not any(tops[top] for top in splits)):
        return 0  # a class may well be called train
    if splits != set(tops):
        other = sorted(set(tops) - splits)
        raise UserError(
            f"{folder} must hold either classes or train, val and test, but holds {quoted(sorted(splits))} "
            "beside "
            f"{quoted(other)}. Move one of them."
        )
    if flat := sorted(top for top in splits if not tops[top]):
        raise UserError(
            f"{folder / flat[0]} must hold one folder per class, but holds images directly. Sort them."
        )
    return 1


def _notes(others: Sequence[str], folder: Path) -> tuple[str, ...]:
    if not others:
        return ()
    return (f"{len(others):,} files below {folder} are no images by their suffix: {quoted(others)}",)
