"""New files -> what a trained network reads, by the checkpoint's description of its data alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame, Series
from torch import Tensor

from groundwork.core.cores import own_cores
from groundwork.core.errors import UserError
from groundwork.data import (
    ColumnStatistics,
    Source,
    Stream,
    TableSource,
    encode_columns,
    read_frame,
)
from groundwork.data.batches import PairSource
from groundwork.data.contents import content_ids
from groundwork.data.formats.infer import MISSING_WORDS, read_dates
from groundwork.data.formats.source import SCHEME
from groundwork.data.formats.style import Style
from groundwork.data.formats.written import read_numbers
from groundwork.data.readers.dates import dates_among, part_names
from groundwork.data.readers.inputs import input_columns
from groundwork.data.readers.roles import Roles
from groundwork.data.store.decode import MAX_PIXELS, BadImageError
from groundwork.data.store.origin import Files, Origin
from groundwork.data.store.resize import Form
from groundwork.data.unseen import averages_unseen, unseen_notes
from groundwork.evaluate.image_inputs import named_images, whole_number
from groundwork.evaluate.units import DATE, check_units, refuse_texts


class ImageFiles:
    """Decode files as those of the run were decoded; a bad one is all zeros and its reason stands in `bad`.

    Args:
        paths: One per row.
        form: What every image becomes.
        fixed_size: Refuse images of another size, as training did, instead of resizing them.
        max_pixels: Of one image; one that claims more is bad.
    """

    def __init__(self, paths: Sequence[Path], form: Form, fixed_size: bool, max_pixels: int = MAX_PIXELS):
        self._files, self._form, self._fixed_size = Files(paths, max_pixels), form, fixed_size
        self._stream = image_stream(self._files, form)
        self.bad: dict[int, str] = {}

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Decode images (B, C, H, W) on threads, channels last in memory."""
        try:
            if not self._fixed_size:
                return self._stream.batch(rows)
        except BadImageError:
            pass  # which one it is, and the rest of them, is found one by one
        return torch.cat([self._image(row) for row in rows.tolist()])

    def _image(self, row: int) -> Tensor:
        (height, width), channels = self._form.size, self._form.channels
        try:
            if self._fixed_size and (size := self._files.header(row).size) != self._form.size:
                raise BadImageError(f"is {size[1]} x {size[0]} pixels, not {width} x {height}")
            return self._stream.batch(np.array([row]))
        except BadImageError as error:
            self.bad[row] = str(error)
            empty = np.zeros((1, height, width, channels), self._form.dtype)
            return torch.from_numpy(empty).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Inputs:
    """Hold N samples to predict.

    Attributes:
        sample_id: (N,) unique text.
        source: Their inputs by row number.
        notes: One line each, for people.
    """

    sample_id: Series
    source: ImageFiles | TableSource | PairSource
    notes: tuple[str, ...]

    @property
    def bad(self) -> dict[int, str]:
        """Name the rows that could not be decoded, once their batches were asked for."""
        images = self.source.images if isinstance(self.source, PairSource) else self.source
        return images.bad if isinstance(images, ImageFiles) else {}


def read_inputs(
    text: str, checkpoint: Mapping[str, Any], trust_pickle: bool, others: Mapping[str, str] | None = None
) -> Inputs:
    """Read the images or the table that a user names.

    Args:
        text: A folder, an image, a table file or `sqlite:///file.db?table=name`.
        checkpoint: Of the run.
        trust_pickle: Read a .pkl file although it can run any code.
        others: `image_root`, the folder of a table's images, and `max_pixels` of one image, where the user gives them.

    Raises:
        UserError: If there is nothing there, or it is not what the network reads.
    """
    data, keys = checkpoint["data"], checkpoint["config"]["data"]
    path = Path(text).expanduser().absolute()
    if not text.startswith(SCHEME) and not path.exists():
        raise UserError(
            f"input must be a folder, an image or a table, but {path} is not there. Check the path."
        )
    if data["kind"] == "table":
        if path.is_dir():
            raise UserError(f"input must be a table, as in training, but {path} is a folder. Name a file.")
        frame = read_frame(Source.parse(text, "input"), None, trust_pickle, _style(keys))
        return _read_rows(frame, data, keys, text, averages_unseen(checkpoint["config"]["model"]))
    others = others or {}
    limit = (
        whole_number(others["max_pixels"], "max_pixels")
        if "max_pixels" in others
        else keys.get("max_pixels") or MAX_PIXELS
    )
    beside = [column["name"] for column in data["columns"]["columns"]] if data.get("columns") else []
    samples = named_images(text, path, keys, trust_pickle, others.get("image_root"), beside, _style(keys))
    assert samples.path is not None
    files = ImageFiles(
        [Path(file) for file in samples.path], image_form(data), keys.get("image_size") is None, limit
    )
    if not beside:
        return Inputs(samples.sample_id, files, samples.notes)
    encoded, said = _encode(samples.inputs, data, keys, text, averages=True)
    return Inputs(samples.sample_id, PairSource(files, TableSource(encoded)), (*samples.notes, *said))


def image_stream(origin: Origin, form: Form) -> Stream:
    """Decode images the way that the batches of a run are decoded, whatever they come from."""
    return Stream(np.array([""] * len(origin)), [], [], origin, form, own_cores())


def image_form(data: Mapping[str, Any]) -> Form:
    """Say what every image of a run looks like once it is decoded."""
    image = data["image"]
    channels, height, width = image["shape"]
    window = image["window"] and (float(image["window"][0]), float(image["window"][1]))
    return Form((height, width), channels, image["dtype"], image["resize"], window)


def _read_rows(
    frame: DataFrame, data: Mapping[str, Any], keys: Mapping[str, Any], where: str, averages: bool
) -> Inputs:
    """Find the columns by name; what else the table holds is left alone."""
    if frame.empty:
        raise UserError(f"input must have rows, but {where} has none. Choose another table.")
    id_column = keys.get("id_column")
    if id_column in frame.columns:
        sample_id = Roles((), id_column, None, None, None).sample_id(frame)
    else:
        sample_id = content_ids(frame)
    encoded, said = _encode(frame, data, keys, where, averages)
    return Inputs(sample_id, TableSource(encoded), said)


def _encode(
    frame: DataFrame, data: Mapping[str, Any], keys: Mapping[str, Any], where: str, averages: bool
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Read the columns of the run as it read them, (N, D), with notes."""
    statistics = ColumnStatistics.from_state(data["columns"])
    categorical = [column.name for column in statistics.columns if column.kind == "categorical"]
    known = [column.name for column in statistics.columns if column.name in frame]
    numeric = [name for name in known if name not in categorical]
    reading = read_numbers(frame, numeric, _style(keys), categorical, data.get("decimal", {}))
    rows = read_dates(reading.frame, numeric)[known].copy()
    for name in rows.columns.difference(categorical):
        # Where a file holds nothing but such words in a column, it is text there.
        if (words := rows[name].dropna()).isin(list(MISSING_WORDS)).all() and len(words):
            rows[name] = Series(np.nan, index=rows.index)
    parts = keys.get("date_parts") or ()
    columns, texts, said = input_columns(rows, categorical, parts)
    # Where a file holds no date in a column, its parts are missing, too.
    for name in (each for base in known for each in part_names(base, parts)):
        if name not in columns and any(column.name == name for column in statistics.columns):
            columns[name] = None
    then = {**data.get("units", {}), **dict.fromkeys(data.get("moments", ()), DATE)}
    refuse_texts(columns, [name for name in texts if name not in categorical], then, where)
    read = rows.drop(columns=categorical, errors="ignore")
    now = {**reading.units, **dict.fromkeys(dates_among(read), DATE)}
    told = check_units(read, then, now, where) if "units" in data else ()  # older runs did not note them
    encoded = encode_columns(columns, statistics)
    unseen = unseen_notes(encoded, statistics, "rows", averages)
    return encoded, (*reading.notes, *said, *told, *unseen)


def _style(keys: Mapping[str, Any]) -> Style:
    """Say how the numbers of the run's own table were written; the first edition had no such keys."""
    return Style(
        keys.get("decimal", "auto"), keys.get("thousands", "auto"), tuple(keys.get("missing_values") or ())
    )
