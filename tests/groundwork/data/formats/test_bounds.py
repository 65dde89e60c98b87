"""Small files that stand for more than a machine holds are refused before they are read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data import read_frame, write_frame
from groundwork.data.formats import Source, bounds


def read(path: Path) -> pd.DataFrame:
    return read_frame(Source.parse(str(path), "data.table"), None, False)


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_CELLS", 20_000)
    monkeypatch.setattr(bounds, "MAX_UNPACKED_BYTES", 100_000)


@pytest.mark.parametrize("rows", [10_000, 10_001])
def test_a_parquet_file_is_measured_by_what_it_declares(tmp_path: Path, rows: int):
    path = tmp_path / "t.parquet"
    write_frame(pd.DataFrame({"a": [0] * rows, "b": [0] * rows}), Source.parse(str(path), "TARGET"))
    if rows == 10_000:
        assert len(read(path)) == rows
    else:
        with pytest.raises(UserError, match=r"at most 20,000 cells, but has 10,001 rows of 2 columns"):
            read(path)


def test_a_view_without_end_is_left(tmp_path: Path):
    path = tmp_path / "t.db"
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE VIEW v AS {endless}")
    with pytest.raises(UserError, match=r"at most 20,000 cells, but has 30,000 rows"):
        read(path)


def test_a_workbook_that_grows_is_not_unpacked(tmp_path: Path):
    path = tmp_path / "t.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 1_000_000)
    with pytest.raises(UserError, match="unpack to at most 100,000 bytes, but claims 1,000,000"):
        read(path)
