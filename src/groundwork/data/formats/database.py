"""Tables of SQLite databases <-> tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pandas import DataFrame, Series
from pandas.api import types

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.formats.bounds import check_cells
from groundwork.data.formats.cells import cell_texts, value_type
from groundwork.data.formats.infer import read_dates
from groundwork.data.formats.tidy import tidy

# What a query may do: read. It can neither write nor attach another database.
ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# SQLite itself knows neither booleans nor dates, but keeps the declared name of a column's type.
DECLARED = {"boolean": "BOOLEAN", "whole": "INTEGER", "decimal": "REAL", "date": "TIMESTAMP", "text": "TEXT"}
LARGEST = 2**63 - 1
ROWS_AT_A_TIME = 10_000


def read_database(path: Path, table: str | None, query: str | None) -> DataFrame:
    """Read one table, or the rows of a query, from a database that is opened read-only."""
    with _connect(f"{path.as_uri()}?mode=ro", path) as connection:
        if query is not None:
            return read_dates(tidy(_fetch(connection, query), f"{path} (data.query)"))
        name = _choose_table(connection, table, path)
        columns = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
        frame = tidy(_fetch(connection, f"SELECT * FROM {_quoted(name)}"), f"{path} (table {name!r})")
    declared = {str(column[1]): str(column[2]).upper() for column in columns}
    logical = [
        name for name, kind in declared.items() if kind.startswith("BOOL") and _is_logical(frame[name])
    ]
    frame = frame.assign(**{name: _as_logical(frame[name]) for name in logical})
    return read_dates(
        frame, [name for name, kind in declared.items() if kind.startswith(("DATE", "TIMESTAMP"))]
    )


def write_database(frame: DataFrame, path: Path, table: str | None) -> None:
    """Write a table into a database; another table of it stays, one of the same name is replaced."""
    name = table or "data"
    kinds = [_declared(column) for _, column in frame.items()]
    cells = [_bound(column) for _, column in frame.items()]
    columns = ", ".join(f"{_quoted(str(n))} {kind}" for n, kind in zip(frame.columns, kinds, strict=True))
    places = ", ".join("?" * len(kinds))
    if any("\0" in text for text in (name, *map(str, frame.columns))):
        raise UserError(f"{path}: names in a database must have no null character, but one has. Rename it.")
    with _connect(path.as_uri(), path) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
        connection.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
        connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", zip(*cells, strict=True))


@contextmanager
def _connect(uri: str, path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        raise UserError(
            f"{path} must be a SQLite database that answers, but: {error}. Check file and query."
        ) from None


def _choose_table(connection: sqlite3.Connection, table: str | None, path: Path) -> str:
    own = "type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    found = f"SELECT name FROM sqlite_master WHERE {own} ORDER BY name"
    names = [str(row[0]) for row in connection.execute(found)]
    if table is None and len(names) == 1:
        return names[0]
    if table not in names:
        asked = "none was named" if table is None else f"not {table!r}"
        raise UserError(
            f"{path} holds the tables {quoted(names, 8)}, but {asked}. Add ?table=NAME to sqlite:///FILE."
        )
    return table


def _fetch(connection: sqlite3.Connection, query: str) -> DataFrame:
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in ALLOWED else sqlite3.SQLITE_DENY
    )
    cursor = connection.execute(query)
    if cursor.description is None:
        raise UserError(f"data.query must select rows, but got {query!r}. Write SELECT ... FROM ...")
    rows: list[tuple[object, ...]] = []
    while part := cursor.fetchmany(ROWS_AT_A_TIME):  # a view can have more rows than there is memory
        rows += part
        check_cells(len(rows), len(part[0]), f"the answer of {query[:60]!r}")
    columns = [Series([row[i] for row in rows], dtype=object) for i in range(len(cursor.description))]
    frame = DataFrame(dict(enumerate(columns)))
    return frame.set_axis([column[0] for column in cursor.description], axis="columns")


def _is_logical(column: Series) -> bool:
    return bool(column.dropna().isin([0, 1]).all()) and types.is_integer_dtype(column)


def _as_logical(column: Series) -> Series:
    return column.astype("boolean") if column.isna().any() else column.astype("bool")


def _declared(column: Series) -> str:
    """Declare a type that keeps every cell; whole numbers end at 63 bits."""
    kind = value_type(column)
    return "TEXT" if kind == "whole" and _is_beyond(column) else DECLARED[kind]


def _is_beyond(column: Series) -> bool:
    return any(text is not None and int(text) > LARGEST for text in cell_texts(column))


def _bound(column: Series) -> list[str | int | float | None]:
    texts = cell_texts(column)
    kind = value_type(column)
    if kind == "boolean":
        return [None if text is None else int(text == "True") for text in texts]
    if kind == "whole" and not _is_beyond(column):
        return [None if text is None else int(text) for text in texts]
    if kind == "decimal":
        return [None if text is None else float(text) for text in texts]
    return list(texts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
