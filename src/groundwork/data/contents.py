"""Samples -> hashes of what each one is: equal hashes are equal inputs, unique ones are names."""

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize
from pandas.api import types

from groundwork.data.formats.cells import label_texts
from groundwork.data.samples import Samples
from groundwork.data.split.keys import keyed_hash


def input_contents(samples: Samples, digest: NDArray[Any] | None) -> NDArray[np.str_]:
    """Hash the inputs of each sample, (N,): images by their pixels, rows of a table by their input columns.

    Args:
        digest: (N,) content hash of each image; None for tables.
    """
    return np.asarray(digest, dtype=np.str_) if digest is not None else row_contents(samples.inputs)


def row_contents(inputs: DataFrame) -> NDArray[np.str_]:
    """Hash each row, (N,) 16 hexadecimal digits: the same on every machine and in any order of the columns."""
    cells = np.empty(inputs.shape, dtype="<u8")
    for number, name in enumerate(sorted(inputs.columns)):
        column = inputs[name]
        if types.is_numeric_dtype(column):
            values = column.to_numpy(dtype="<f8", na_value=np.nan) + 0.0  # -0.0 is 0.0
            values[np.isnan(values)] = np.nan
            cells[:, number] = values.view("<u8")
        else:
            codes, texts = factorize(column)  # -1, the last one below, where missing
            cells[:, number] = np.append(keyed_hash(texts, "groundwork cell"), np.uint64(0))[codes]
    return np.array([blake2b(row.tobytes(), digest_size=8).hexdigest() for row in cells], dtype=np.str_)


def content_ids(frame: DataFrame) -> Series:
    """Name each row of a table by its cells: the same for the same values in any file format and order of columns."""
    columns = [label_texts(frame[name]) for name in sorted(frame.columns)]
    return named_by_content(json.dumps(cells).encode() for cells in zip(*columns, strict=True))


def named_by_content(contents: Iterable[bytes]) -> Series:
    """Name each content by its hash, (N,) unique text: repeats carry a counter behind a dash."""
    names = Series([blake2b(content, digest_size=8).hexdigest() for content in contents], dtype="str")
    repeat = names.groupby(names).cumcount()
    return names.where(repeat == 0, names + "-" + repeat.astype("str"))
