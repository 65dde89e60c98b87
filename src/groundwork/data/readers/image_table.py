"""A table that points at images -> samples, one per row."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.formats import Source, read_frame
from groundwork.data.readers.image_folder import existing_folder, image_samples
from groundwork.data.readers.roles import Roles, as_names, require
from groundwork.data.samples import Samples


def read_image_table(
    table: str | None,
    image_root: str | Path | None,
    image_column: str | None,
    target: str | Sequence[str] | None,
    id_column: str | None,
    group: str | None,
    split_column: str | None,
    order_column: str | None,
    query: str | None,
    trust_pickle: bool,
) -> Samples:
    """Read one image per row, with its targets from the same row.

    Args:
        table: File, or `sqlite:///file.db?table=name`.
        image_root: Folder that the paths are relative to and stay in; None takes the table's own.
        image_column: Column of paths.
        target: One column or several.
        id_column: Unique name of each row; None takes the path.
        group: Column whose equal values never span two splits.
        split_column: Column that holds the data set's own split.
        order_column: Column that the chronological split sorts by.
        query: SQL that selects the rows, for a database.
        trust_pickle: Read a .pkl file although it can run any code.
    """
    source = Source.parse(table, "data.table")
    frame = read_frame(source, query, trust_pickle)
    if image_column is None:
        raise UserError(
            "data.image_column must name the column of paths, but got nothing. Add data.image_column=NAME."
        )
    folder = source.path.parent if image_root is None else existing_folder(image_root, "data.image_root")
    roles = Roles(as_names(target), id_column, group, split_column, order_column)
    return image_table_samples(frame, str(source), folder, image_column, roles)


def image_table_samples(
    frame: DataFrame, where: str, folder: Path, image_column: str, roles: Roles
) -> Samples:
    """Build samples from a table whose paths lie below a folder."""
    roles.check(frame, where)
    require(frame, [image_column], "image_column", where)
    names = _relative_paths(frame[image_column], folder)
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise UserError(
            f"every image of {where} must be there, but {len(absent):,} are missing below {folder}: "
            f"{quoted(absent)}. "
            "Check data.image_root."
        )
    if roles.id_column is None and len(set(names)) < len(names):
        twice = Series(names)[Series(names).duplicated()].unique()
        raise UserError(
            f"an image must stand in one row, but {quoted(twice)} stands in several. Set data.id_column."
        )
    samples = image_samples(folder, names, roles.targets(frame), roles.official(frame), ())
    samples = replace(samples, group=roles.groups(frame), order=roles.order(frame))
    return samples if roles.id_column is None else replace(samples, sample_id=roles.sample_id(frame))


def _relative_paths(column: Series, folder: Path) -> list[str]:
    """Return POSIX paths below the folder; a path that leaves it is refused."""
    gone = np.flatnonzero(column.isna())
    if len(gone):
        raise UserError(
            f"every row must have an image, but {column.name!r} misses it in row {quoted(gone + 1)}. Fill it "
            "in."
        )
    names = []
    for text in column.astype(str):
        path = text.replace("\\", "/")
        if Path(path).is_absolute():
            path = posixpath.relpath(path, folder.as_posix())
        names.append(posixpath.normpath(path))
    outside = [
        text for text, name in zip(column, names, strict=True) if name == ".." or name.startswith("../")
    ]
    if outside:
        raise UserError(
            f"images must lie below {folder}, but {quoted(outside)} does not. Set data.image_root."
        )
    return names
