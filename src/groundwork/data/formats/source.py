"""Where a table lies, and the format that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from pandas import DataFrame

from groundwork.batch import UserError
from groundwork.data.formats.delimited import read_delimited

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


def read_frame(source: Source, query: str | None = None, trust_pickle: bool = False) -> DataFrame:
    """Read a table of any format.

    Raises:
        UserError: If the file is not there, broken, or a pickle that nobody vouches for.
    """
    if not source.path.is_file():
        raise UserError(f"{source.path} must be a file, but is not there. Check the path.")
    return read_delimited(source.path)
