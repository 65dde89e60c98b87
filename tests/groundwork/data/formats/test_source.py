from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data import Source, read_frame, write_frame


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t.CSV", ("t.CSV", "csv", None)),
        ("a/t.ndjson", ("a/t.ndjson", "jsonl", None)),
        ("t.sqlite3", ("t.sqlite3", "sqlite", None)),
        ("sqlite:///a b/t.data?table=my%20table", ("a b/t.data", "sqlite", "my table")),
        ("sqlite:///t.db", ("t.db", "sqlite", None)),
    ],
)
def test_the_suffix_tells_the_format_and_the_address_the_table(tmp_path: Path, text: str, expected):
    source = Source.parse(text, "data.table", tmp_path)
    assert (source.path, source.format, source.table) == (tmp_path / expected[0], *expected[1:])


def test_an_absolute_address_has_four_slashes():
    assert Source.parse("sqlite:////tmp/t.db", "data.table").path == Path("/tmp/t.db").absolute()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t.doc", "must end in one of csv"),
        ("t", "must end in"),
        ("sqlite:t.db", "sqlite:///"),
        (None, "data.table=FILE"),
        ("", "nothing"),
    ],
)
def test_other_places_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        Source.parse(text, "data.table")


def test_a_missing_file_is_named_with_its_absolute_path(tmp_path: Path):
    with pytest.raises(UserError, match="is not there") as caught:
        read_frame(Source.parse("t.csv", "data.table", tmp_path), None, False)
    assert str(tmp_path / "t.csv") in str(caught.value)
    with pytest.raises(UserError, match="is a folder"):
        read_frame(Source(tmp_path, "csv"), None, False)


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "feather", "xlsx", "pkl"])
def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, suffix: str, monkeypatch):
    source = Source.parse(f"t.{suffix}", "TARGET", tmp_path)
    write_frame(pd.DataFrame({"a": [1]}), source)
    before = source.path.read_bytes()

    def fail(frame: pd.DataFrame, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setitem(read_frame.__globals__["WRITERS"], source.format, fail)
    with pytest.raises(UserError, match="disk full"):
        write_frame(pd.DataFrame({"a": [2]}), source)
    assert source.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [source.path.name]


def test_a_file_that_may_not_be_read_or_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch):
    def refuse(path: Path, decimal: str) -> pd.DataFrame:
        raise PermissionError(13, "Permission denied")

    source = Source.parse("t.csv", "data.table", tmp_path)
    write_frame(pd.DataFrame({"a": [1]}), source)
    with pytest.raises(UserError, match="take the table"):
        write_frame(pd.DataFrame({"a": [1]}), Source.parse("t.csv/below/u.csv", "TARGET", tmp_path))
    monkeypatch.setitem(read_frame.__globals__, "read_delimited", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        read_frame(source, None, False)
