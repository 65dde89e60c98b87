"""pkl files <-> tables. Reading one runs whatever code its writer put in."""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
from pandas import DataFrame

from groundwork.core.errors import UserError, one_line
from groundwork.data.formats.tidy import tidy


def read_pickle(path: Path, trust_pickle: bool) -> DataFrame:
    """Read a pickled DataFrame whose origin the user vouches for."""
    if not trust_pickle:
        raise UserError(
            f"{path} must not be read unasked: a pickle runs any code that its writer put in. "
            "Ask for parquet instead, or say trust_pickle=true (for a run folder trust=[pickle]) if you know where it "
            "comes from."
        )
    try:
        content = pd.read_pickle(path)
    except Exception as error:  # a pickle can raise anything at all
        raise UserError(
            f"{path} must be a complete pickle, but {type(error).__name__}: {one_line(error)}. Write it anew."
        ) from error
    if not isinstance(content, DataFrame):
        raise UserError(
            f"{path} must hold a DataFrame, but holds {type(content).__name__}. Pickle a DataFrame."
        )
    return tidy(content, str(path))


def write_pickle(frame: DataFrame, path: Path) -> None:
    """Write a pickled DataFrame that Python 3.11 and newer read."""
    path.write_bytes(pickle.dumps(frame, protocol=5))
