"""What a user names -> the images to predict: files, or those that a table points at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.core.text import quoted
from groundwork.data import Samples, Source, read_frame, read_images
from groundwork.data.formats.source import FORMATS, SCHEME
from groundwork.data.formats.style import AUTO, Style
from groundwork.data.readers.folders import existing_folder
from groundwork.data.readers.image_paths import find_images
from groundwork.data.readers.image_table import image_table_samples
from groundwork.data.readers.roles import Roles


def named_images(
    text: str,
    path: Path,
    keys: Mapping[str, Any],
    trust_pickle: bool,
    image_root: str | None,
    beside: Sequence[str] = (),
    style: Style = AUTO,
) -> Samples:
    """Find the images: files, or those that the run's column of paths names in a table.

    Args:
        beside: Columns that the run reads beside them; those that the table holds stand in `inputs` as they are.
        style: How the numbers of the run's own table were written.
    """
    if not text.startswith(SCHEME) and (path.is_dir() or path.suffix.lower() not in FORMATS):
        if image_root is not None:
            raise UserError(
                f"image_root must come with a table of images, but input={text} is not one. Remove it."
            )
        if beside:
            raise UserError(
                f"input must be a table of images with the columns {quoted(beside)}, as in training, but got {text}. "
                "Name a table."
            )
        return read_images(path)
    if not keys.get("image_column"):
        raise UserError(
            f"input must be images, as in training, but {text} is a table. Name a folder or an image."
        )
    source = Source.parse(text, "input")
    frame = read_frame(source, None, trust_pickle, style)
    id_column = keys.get("id_column")
    roles = Roles((), id_column if id_column in frame.columns else None, None, None, None)
    column, where = keys["image_column"], str(source)
    folder, note = _image_folder(frame, source.path.parent, column, keys.get("image_root"), image_root)
    if beside and roles.id_column is None and column in frame and frame[column].duplicated().any():
        twice = quoted(frame[column][frame[column].duplicated()].astype(str).unique())
        raise UserError(
            f"input={text} must name each row, since {twice} is in several, but it has no column of names. Train with "
            "data.id_column, and give that column here, too."
        )
    frame = frame.assign(_row=range(len(frame)))
    samples = image_table_samples(
        frame, where, folder, column, roles, absent="keep", key="image_root", inputs=["_row"]
    )
    rows = samples.inputs["_row"].astype(int).to_numpy()
    inputs = frame[[name for name in beside if name in frame]].iloc[rows].reset_index(drop=True)
    return replace(samples, inputs=inputs, notes=(*samples.notes, *note))


def _image_folder(
    frame: DataFrame, own: Path, column: str, of_run: str | None, given: str | None
) -> tuple[Path, tuple[str, ...]]:
    """Choose the folder of the images: the one that is given, else the table's or that of the run, which has more."""
    if given is not None:
        return existing_folder(given, "image_root"), ()
    if column not in frame or not of_run or not Path(of_run).is_dir():
        return own, ()
    absent = {}
    for folder in (own, Path(of_run)):
        try:
            absent[folder] = len(find_images(frame[column], folder, "image_root")[1])
        except UserError:  # the paths lead out of it
            absent[folder] = len(frame)
    best = min(absent, key=absent.__getitem__)
    return best, () if best == own else (
        f"the images of the table are looked up below {best}, as those of the run",
    )


def whole_number(text: str, key: str) -> int:
    """Read a whole number of at least 1 that was typed for a key."""
    number = int(text) if text.isdecimal() else text
    check_range(key, number, "[1, inf)", whole=True)
    return int(number)
