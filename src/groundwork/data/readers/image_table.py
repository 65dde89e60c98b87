"""A table that points at images -> samples, one per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.text import quoted
from groundwork.data.formats import Source, read_frame
from groundwork.data.formats.infer import read_dates
from groundwork.data.formats.style import Style
from groundwork.data.formats.written import read_numbers
from groundwork.data.readers.folders import existing_folder
from groundwork.data.readers.hints import hints
from groundwork.data.readers.image_folder import UNREADABLE, Unreadable, image_samples
from groundwork.data.readers.image_paths import find_images
from groundwork.data.readers.inputs import choose_inputs, read_inputs
from groundwork.data.readers.leftover import part_notes
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
    unreadable: Unreadable = "error",
    decimal: str = "auto",
    thousands: str | None = "auto",
    missing_values: Sequence[str] = (),
    inputs: Sequence[str] | None = None,
    categorical: Sequence[str] | None = None,
    date_parts: Sequence[str] = (),
) -> Samples:
    """Read one image per row, with its targets, and columns to learn from beside it, from the same row.

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
        unreadable: "error" refuses a table of which images are not there, "drop" leaves their rows out and says so.
            Configurations of the first edition do not have this key, nor those below, which is why they have defaults.
        decimal: Sign before the decimals of numbers: ".", "," or auto.
        thousands: Sign between thousands: one character, None or auto.
        missing_values: Words for a missing value, beside an empty cell.
        inputs: Columns to learn from beside the image.
        categorical: Those among them whose numbers are names of categories.
        date_parts: Of those among them that hold dates, as inputs beside their days.
    """
    check_choice("data.unreadable", unreadable, UNREADABLE)
    source = Source.parse(table, "data.table")
    style = Style(decimal, thousands, tuple(as_names(missing_values)))
    frame = read_frame(source, query, trust_pickle, style)
    if image_column is None:
        raise UserError(
            "data.image_column must name the column of paths, but got nothing. Add data.image_column=NAME."
        )
    folder = source.path.parent if image_root is None else existing_folder(image_root, "data.image_root")
    roles = Roles(as_names(target), id_column, group, split_column, order_column)
    beside, named = _beside(frame, roles, inputs, image_column, str(source)), as_names(categorical)
    if idle := [name for name in named if name not in beside]:
        raise UserError(
            f"data.categorical must name columns of data.inputs, but {quoted(idle)} is not one. Remove it."
        )
    values = {*roles.target, *as_names(roles.order_column), *beside}
    values -= {*roles.as_typed(), str(image_column), *named}
    reading = read_numbers(frame, sorted(values), style, named)
    dated = read_dates(reading.frame, sorted(values))
    samples = image_table_samples(
        dated, str(source), folder, image_column, roles, unreadable, inputs=beside, categorical=named,
        date_parts=as_names(date_parts),
    )  # fmt: skip
    notes = (*frame.attrs.get("notes", ()), *reading.notes, *samples.notes)
    return replace(samples, notes=notes, decimal=reading.decimal, units=reading.units)


def image_table_samples(
    frame: DataFrame,
    where: str,
    folder: Path,
    image_column: str,
    roles: Roles,
    absent: str = "error",
    key: str = "data.image_root",
    inputs: Sequence[str] = (),
    categorical: Sequence[str] = (),
    date_parts: Sequence[str] = (),
) -> Samples:
    """Build samples from a table whose paths lie below a folder.

    Args:
        absent: What becomes of rows whose image is not there: "error"; "drop" leaves them out with a note; "keep", for
            prediction, leaves it to decoding to name them, and takes an image that several rows name once.
        key: By which the user names the folder.
        inputs: Columns beside the images.
        categorical: Those among them that are categories though they hold numbers.
        date_parts: Of those among them that hold dates.
    """
    roles.check(frame, where)
    require(frame, [image_column], "image_column", where)
    names, missing, notes = find_images(frame[image_column], folder, key)
    _check_missing(missing, len(names), absent, where, folder, key)
    kept, said = _kept_rows(names, missing, absent, roles.id_column is not None, where)
    frame, names = frame[kept].reset_index(drop=True), [names[row] for row in np.flatnonzero(kept)]
    sample_id = None if roles.id_column is None else roles.sample_id(frame)
    samples = image_samples(
        folder, names, roles.targets(frame), roles.official(frame), (*notes, *said), sample_id
    )
    idle = [name for name in roles.no_part(frame) if name not in (image_column, *inputs)]
    beside = read_inputs(frame, inputs, categorical, date_parts, where)
    return replace(
        samples,
        inputs=beside.table,
        categorical=beside.categorical,
        moments=beside.moments,
        group=roles.groups(frame),
        order=roles.order(frame),
        notes=(*samples.notes, *beside.notes, *roles.group_notes(frame), *part_notes(frame, idle)),
        **hints(frame, roles, idle),
    )


def _beside(
    frame: DataFrame, roles: Roles, inputs: Sequence[str] | None, image_column: str, where: str
) -> list[str]:
    """Name the columns that are learned from beside the images; none unless they are asked for."""
    return choose_inputs(frame, roles, inputs, [str(image_column)], where) if as_names(inputs) else []


def _kept_rows(
    names: Sequence[str], missing: Sequence[str], absent: str, has_ids: bool, where: str
) -> tuple[NDArray[np.bool_], list[str]]:
    """Tell which rows (N,) stay: those whose image is there, and, where images name the samples, the first of each."""
    kept, notes = np.ones(len(names), dtype=bool), []
    if missing and absent == "drop":
        kept = ~Series(names).isin(set(missing)).to_numpy()
        named = quoted(dict.fromkeys(missing))
        notes.append(f"{len(missing):,} rows of {where} are left out, whose images are missing: {named}")
    again = Series(names).duplicated().to_numpy() & kept
    if not has_ids and again.any():
        if absent != "keep":
            twice = quoted(Series(names)[again].unique())
            raise UserError(
                f"each image must be in one row only, but {twice} is in several. Set data.id_column."
            )
        kept &= ~again
        notes.append(
            f"{int(again.sum()):,} rows of {where} name an image that another row names: it is predicted once"
        )
    return kept, notes


def _check_missing(
    missing: Sequence[str], num_rows: int, absent: str, where: str, folder: Path, key: str
) -> None:
    """Refuse images that are not there; where none is, the folder is the wrong one."""
    if missing and (absent == "error" or len(missing) == num_rows):
        drop = ", or use data.unreadable=drop" if absent == "error" and len(missing) < num_rows else ""
        raise UserError(
            f"every image of {where} must be there, but {len(missing):,} are missing below {folder}: "
            f"{quoted(dict.fromkeys(missing))}. Check {key}{drop}."
        )
