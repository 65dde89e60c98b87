"""Where a table lies, and the format that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa
from pandas import DataFrame

from groundwork.core.atomic import atomic_path
from groundwork.core.errors import UserError, one_line
from groundwork.data.formats.arrow import read_feather, read_parquet, write_feather, write_parquet
from groundwork.data.formats.database import read_database, write_database
from groundwork.data.formats.delimited import read_delimited, write_delimited
from groundwork.data.formats.pickled import read_pickle, write_pickle
from groundwork.data.formats.records import read_json, read_jsonl, write_json, write_jsonl
from groundwork.data.formats.style import AUTO, Style
from groundwork.data.formats.workbook import read_xlsx, write_xlsx

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".feather": "feather", ".xlsx": "xlsx", ".pkl": "pkl", ".pickle": "pkl",
    ".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite",
}  # fmt: skip
SCHEME = "sqlite:///"


@dataclass(frozen=True)
class Source:
    """Locate a table: a file, or one table of a database.

    Attributes:
        path: Absolute path of the file.
        format: One of the values of FORMATS.
        table: Name of the table in a database, None for its only one.
    """

    path: Path
    format: str
    table: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.table is None else f"{self.path} (table {self.table!r})"

    @classmethod
    def parse(cls, text: str | None, key: str, folder: Path | None = None) -> Source:
        """Read a path or `sqlite:///file.db?table=name`, relative to a folder or the current one."""
        if not text:
            raise UserError(
                f"{key} must name a table, but got nothing. Add {key}=FILE, a csv or parquet for instance."
            )
        name, table = str(text), None
        if name.startswith("sqlite:"):
            name, _, options = name.partition("?")
            table = next(iter(parse_qs(options).get("table", [])), None)
            if not name.startswith(SCHEME):
                raise UserError(f"{key} must read sqlite:///file.db?table=name, but got {text!r}. Mend it.")
            path, kind = Path(name.removeprefix(SCHEME)), "sqlite"
        else:
            path = Path(name)
            kind = FORMATS.get(path.suffix.lower(), "")
        if not kind:
            known = ", ".join(suffix.removeprefix(".") for suffix in FORMATS)
            raise UserError(
                f"{key} must end in one of {known}, but got {text!r}. Convert or rename the file."
            )
        return cls(Path.absolute((folder or Path()) / path.expanduser()), kind, table)


READERS: dict[str, Callable[[Path], DataFrame]] = {
    "json": read_json,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "feather": read_feather,
    "xlsx": read_xlsx,
}
WRITERS: dict[str, Callable[[DataFrame, Path], None]] = {
    "csv": partial(write_delimited, delimiter=","),
    "tsv": partial(write_delimited, delimiter="\t"),
    "json": write_json,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "feather": write_feather,
    "xlsx": write_xlsx,
    "pkl": write_pickle,
}


def read_frame(source: Source, query: str | None, trust_pickle: bool, style: Style = AUTO) -> DataFrame:
    """Read a table of any format: columns of whole or decimal numbers, booleans, text, dates, categories.

    Args:
        source: Where it lies.
        query: SQL that selects the rows of a database.
        trust_pickle: Read a pickle although it can run any code.
        style: How numbers are written in csv and tsv files. Text stays text, see `read_numbers`.

    Returns:
        The table; its `attrs` may hold `notes` of what the reader left out, and the `decimal` sign of the file.

    Raises:
        UserError: If the file is not there, broken, or a pickle that nobody vouches for.
    """
    if not source.path.is_file():
        what = "is a folder" if source.path.is_dir() else "is not there"
        raise UserError(f"{source.path} must be a file, but {what}. Check the path.")
    if query is not None and source.format != "sqlite":
        raise UserError(
            f"data.query must go with a database, but {source.path} is {source.format}. Remove it."
        )
    try:
        if source.format == "sqlite":
            return read_database(source.path, source.table, query)
        if source.format == "pkl":
            return read_pickle(source.path, trust_pickle)
        if source.format in ("csv", "tsv"):
            return read_delimited(source.path, style.decimal)
        return READERS[source.format](source.path)
    except OSError as error:
        raise UserError(f"{source.path} must be readable, but {error}. Check its permissions.") from error


def write_frame(frame: DataFrame, source: Source) -> None:
    """Write a tidy table in any format, all of it or nothing; a file of that name is replaced."""
    try:
        source.path.parent.mkdir(parents=True, exist_ok=True)
        if source.format == "sqlite":
            write_database(frame, source.path, source.table)
            return
        with atomic_path(source.path) as temporary:
            WRITERS[source.format](frame, temporary)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{source.path} must be able to take the table, but {one_line(error)}. Choose another place or format."
        ) from error
