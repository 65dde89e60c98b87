"""parquet and feather files <-> tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas import DataFrame
from pyarrow import feather, parquet

from groundwork.core.errors import UserError, one_line
from groundwork.data.formats.bounds import check_cells
from groundwork.data.formats.tidy import check_names, tidy

# Arrow's own default turns whole numbers with a missing one into floats, which end at 2^53.
WHOLE = {
    getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")()
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
}
TYPES = {**WHOLE, pa.bool_(): pd.BooleanDtype()}


def read_parquet(path: Path) -> DataFrame:
    """Read a parquet file."""
    return _to_frame(_read_bounded, path)


def read_feather(path: Path) -> DataFrame:
    """Read a feather file."""
    return _to_frame(feather.read_table, path)


def write_parquet(frame: DataFrame, path: Path) -> None:
    """Write a parquet file."""
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)


def write_feather(frame: DataFrame, path: Path) -> None:
    """Write a feather file."""
    feather.write_feather(pa.Table.from_pandas(frame, preserve_index=False), path)


def _read_bounded(path: Path) -> pa.Table:
    with parquet.ParquetFile(path) as file:
        check_cells(file.metadata.num_rows, file.metadata.num_columns, str(path))
    return parquet.read_table(path)


def _to_frame(read: Callable[[Path], pa.Table], path: Path) -> DataFrame:
    try:
        table = read(path)
        table.validate(full=True)  # Arrow would follow damaged offsets out of its memory
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise UserError(
            f"{path} must be a complete {path.suffix[1:]} file, but {one_line(error)}. Write it anew."
        ) from None
    index = [name for name in table.column_names if re.fullmatch("__index_level_[0-9]+__", name)]
    table = table.drop_columns(index).replace_schema_metadata(None)  # a named index is a column like others
    check_names(table.column_names, str(path))
    try:
        frame = tidy(table.to_pandas(types_mapper=TYPES.get), str(path))
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise UserError(
            f"{path} must hold cells of a table, but {one_line(error)}. Drop that column."
        ) from None
    frame.attrs = {"notes": ["its index has no name: left out"] if index else []}
    return frame
