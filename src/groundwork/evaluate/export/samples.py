"""A run -> some samples on which an exported model is checked: real ones of train and val, else made-up ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pandas import DataFrame, Series
from PIL import Image
from torch import Tensor

from groundwork.core.errors import UserError, user_error
from groundwork.core.intact import read_splits
from groundwork.core.pair import Pair
from groundwork.core.run_folder import RunFolder
from groundwork.data import ColumnStatistics, Samples, encode_columns
from groundwork.data.readers.dates import part_names, split_dates
from groundwork.data.store.decode import BadImageError
from groundwork.data.store.origin import Files, Pixels
from groundwork.evaluate.export.preprocess_image import form_image, read_image
from groundwork.evaluate.export.preprocess_table import encode_rows
from groundwork.evaluate.inputs import image_form, image_stream
from groundwork.train.samples import read_samples

NUM_SAMPLES = 16


@dataclass(frozen=True)
class Check:
    """Hold inputs that were prepared twice from the same files.

    Attributes:
        inside: As the run prepares them, a tensor or a `Pair`.
        outside: As `preprocess.py` does, by `preprocessing.json`: each input of the graph.
        what: What they are.
    """

    inside: Any
    outside: tuple[NDArray[Any], ...]
    what: str


def check_samples(
    folder: RunFolder, data: Mapping[str, Any], preprocessing: dict[str, Any], place: Path
) -> Check:
    """Prepare samples of train and val from their files; test stays closed.

    Args:
        folder: Of the run.
        data: The checkpoint's description of the data.
        preprocessing: Content of `preprocessing.json`.
        place: Folder for made-up images, for a run whose data is not at hand.
    """
    samples = _real(folder)
    parts = []
    if data["kind"] == "image":
        parts.append(_images(samples, data, preprocessing, place))
    if data.get("columns"):
        parts.append(_rows(samples, data, preprocessing.get("rows", preprocessing)))
    inside = Pair(parts[0][0], parts[1][0]) if len(parts) > 1 else parts[0][0]
    outside = tuple(prepared for _, prepared in parts)
    real = f"{len(outside[0])} samples of train and val, from their files"
    made = f"{len(outside[0])} made-up samples, because the data of the run is not at hand"
    return Check(inside, outside, made if samples is None else real)


def _rows(
    samples: Samples | None, data: Mapping[str, Any], preprocessing: dict[str, Any]
) -> tuple[Tensor, NDArray[Any]]:
    """Prepare rows of columns in both ways."""
    statistics = ColumnStatistics.from_state(data["columns"])
    rows = samples.inputs if samples is not None else _made_rows(statistics)
    rows, written = _dated(rows, data.get("moments", {}))
    outside = encode_rows(written.to_dict("records"), preprocessing)  # type: ignore[arg-type]  # keys are text
    return torch.from_numpy(encode_columns(rows, statistics)), outside


def _dated(rows: DataFrame, moments: Mapping[str, list[str]]) -> tuple[DataFrame, DataFrame]:
    """Give rows whose parts are those of their dates, and the same rows with the dates themselves, as in a file."""
    rows, written = rows.reset_index(drop=True), rows.reset_index(drop=True)
    for name, parts in moments.items():
        date = Series(pd.to_datetime(rows[name], unit="D", utc=True).dt.round("us"), name=name)
        rows = rows.assign(**split_dates(date, parts))
        written[name] = [None if pd.isna(each) else each.isoformat() for each in date]
        written = written.drop(columns=part_names(name, parts))
    return rows, written


def _images(
    samples: Samples | None, data: Mapping[str, Any], preprocessing: dict[str, Any], place: Path
) -> tuple[Tensor, NDArray[Any]]:
    """Prepare images in both ways."""
    if samples is not None and samples.pixels is not None:
        outside = np.stack([form_image(pixels, preprocessing) for pixels in samples.pixels])
        return _formed(Pixels(samples.pixels), data), outside
    if samples is None or samples.path is None:
        paths = _made_images(data, preprocessing, place)
    else:
        paths = [Path(path) for path in samples.path]
    return _formed(Files(paths), data), np.stack([read_image(path, preprocessing) for path in paths])


def _real(folder: RunFolder) -> Samples | None:
    """Choose samples of train and val, spread evenly; None where the source is gone or is read no more."""
    try:
        samples, _ = read_samples(folder.config)
    except Exception as error:  # Hydra wraps what a reader raises
        if user_error(error) is None:
            raise
        return None
    known = read_splits(folder)
    seen = known.sample_id[known.split != "test"]
    rows = np.flatnonzero(samples.sample_id.isin(seen))
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, NUM_SAMPLES).astype(int))] if len(rows) else rows
    return samples.take(chosen) if len(chosen) else None


def _formed(origin: Files | Pixels, data: Mapping[str, Any]) -> Tensor:
    try:
        return image_stream(origin, image_form(data)).batch(np.arange(len(origin)))
    except BadImageError as error:
        raise UserError(f"the images must be those of the run, but one {error}. Restore the data.") from error


def _made_rows(statistics: ColumnStatistics) -> DataFrame:
    """Draw rows like those of train: numbers around the center, every kind of category, gaps where allowed."""
    rng = np.random.default_rng(0)
    rows: dict[str, Any] = {}
    for column in statistics.columns:
        values: NDArray[Any] = rng.normal(column.center, column.scale, NUM_SAMPLES).astype(object)
        if column.kind == "categorical":
            values = rng.choice(np.array([*column.categories, "never seen"], dtype=object), NUM_SAMPLES)
        if column.fill is not None:
            values[rng.integers(NUM_SAMPLES)] = None
        rows[column.name] = values if column.kind == "categorical" else values.astype(np.float64)
    return DataFrame(rows)


def _made_images(data: Mapping[str, Any], preprocessing: Mapping[str, Any], place: Path) -> list[Path]:
    """Write images of several sizes around the model's own: PNG where it can hold them, else .npy."""
    form = image_form(data)
    rng = np.random.default_rng(0)
    paths = []
    for number in range(NUM_SAMPLES):
        grown = (1.0, 1.0) if preprocessing["fixed_size"] else rng.uniform(0.7, 2.5, 2)
        shape = max(1, int(form.size[0] * grown[0])), max(1, int(form.size[1] * grown[1])), form.channels
        if form.dtype == "float32":
            low, high = form.window or (0.0, 1.0)
            pixels: NDArray[Any] = rng.uniform(low, high, shape).astype(np.float32)
        else:
            pixels = rng.integers(0, np.iinfo(form.dtype).max, shape, form.dtype, endpoint=True)
        if form.dtype == "uint8" and form.channels in (1, 3):
            paths.append(place / f"{number}.png")
            Image.fromarray(pixels[:, :, 0] if form.channels == 1 else pixels).save(paths[-1])
        else:
            paths.append(place / f"{number}.npy")
            np.save(paths[-1], pixels)
    return paths
