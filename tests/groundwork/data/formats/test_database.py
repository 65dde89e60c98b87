import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.database import read_database, write_database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a b?#%.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE houses (id INTEGER, sold BOOLEAN, day DATE, note TEXT, price REAL)")
        connection.execute("INSERT INTO houses VALUES (9007199254740993, 1, '2024-02-29', '2024-02-29', 1.5)")
        connection.execute("INSERT INTO houses VALUES (NULL, NULL, NULL, '7', 'inf')")
        connection.execute("UPDATE houses SET price = 9e999 WHERE note = '7'")
    return path


def test_declared_types_are_honored(database: Path):
    frame = read_database(database, None, None)
    assert frame.dtypes.astype(str).tolist() == ["Int64", "boolean", "datetime64[us]", "str", "float64"]
    assert frame["id"][0] == 9007199254740993
    assert frame["note"].tolist() == ["2024-02-29", "7"]
    assert frame["price"].tolist() == [1.5, float("inf")]


def test_a_query_selects_and_orders_rows(database: Path):
    frame = read_database(database, None, "SELECT price, day AS d FROM houses ORDER BY price DESC")
    assert frame.columns.tolist() == ["price", "d"]
    assert frame["price"].tolist() == [float("inf"), 1.5]
    assert frame["d"].dtype == "datetime64[us]"


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM houses",
        "DROP TABLE houses",
        "ATTACH 'other.db' AS other",
        "PRAGMA journal_mode=DELETE",
        "SELECT load_extension('evil')",
        "SELECT 1; DELETE FROM houses",
        "",
        "SELECT nothing FROM houses",
        "SELECT price, price FROM houses",
        "SELECT x'00' AS blob",
        "nonsense",
    ],
)
def test_other_queries_are_refused_and_nothing_is_written(database: Path, query: str, monkeypatch):
    monkeypatch.chdir(database.parent)
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    with pytest.raises(UserError) as caught:
        read_database(database, None, query)
    assert "\n" not in str(caught.value)
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_writing_replaces_one_table_and_leaves_the_others(database: Path):
    frame = pd.DataFrame({'q"': [2**64 - 1, 1], "b": pd.array([True, None], "boolean")})
    write_database(frame, database, 'odd "name"')
    write_database(frame.iloc[:1], database, 'odd "name"')
    back = read_database(database, 'odd "name"', None)
    assert back['q"'].tolist() == [str(2**64 - 1)]  # 64 bits without a sign fit into text only
    assert back["b"].tolist() == [True]
    assert len(read_database(database, "houses", None)) == 2


def test_a_failed_write_leaves_the_old_table(database: Path):
    with pytest.raises(UserError, match="duplicate column"):
        write_database(pd.DataFrame({"a": [1], "A": [2]}), database, "houses")
    assert len(read_database(database, "houses", None)) == 2


def test_the_table_is_named_where_there_are_several(database: Path):
    write_database(pd.DataFrame({"a": [1]}), database, "second")
    with pytest.raises(UserError, match=r"'houses', 'second', but none was named"):
        read_database(database, None, None)
    with pytest.raises(UserError, match="not 'third'"):
        read_database(database, "third", None)


def test_what_is_no_database_is_refused_in_one_line(tmp_path: Path):
    (tmp_path / "t.db").write_bytes(b"not a database at all, but long enough for a header" * 20)
    with pytest.raises(UserError, match="SQLite database") as caught:
        read_database(tmp_path / "t.db", None, None)
    assert "\n" not in str(caught.value)


def test_the_database_is_opened_read_only(database: Path, monkeypatch):
    asked = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda place, **keys: asked.append(place) or connect(place, **keys)
    )
    read_database(database, None, None)
    assert asked == [f"{database.as_uri()}?mode=ro"]
