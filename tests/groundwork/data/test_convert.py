import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT
from groundwork.data import Source, convert_table, read_frame, write_frame

SUFFIXES = ("csv", "tsv", "json", "jsonl", "parquet", "feather", "xlsx", "pkl", "db")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fuzz_tables = load(ROOT / "tests" / "robustness" / "fuzz_tables.py")
script = load(ROOT / "scripts" / "convert.py")


def convert(source: Path, target: Path | str, **keys):
    return convert_table(str(source), str(target), keys.get("query"), keys.get("trust_pickle", False))


def read(path: Path) -> pd.DataFrame:
    return read_frame(Source.parse(str(path), "x"), None, True)


def write(frame: pd.DataFrame, path: Path) -> Path:
    write_frame(frame, Source.parse(str(path), "x"))
    return path


@pytest.fixture
def mixed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": ["007", "NA", "ü😀,\n\"'", None],
            "big": pd.array([2**53 + 1, -(2**63), 2**63 - 1, None], "Int64"),
            "x": [0.1 + 0.2, 5e-324, None, -1.7976931348623157e308],
            "yes": pd.array([True, None, False, True], "boolean"),
            "when": pd.to_datetime(
                ["2024-02-29", "1950-06-01", None, "2024-02-29T12:30"], format="ISO8601"
            ).as_unit("us"),
            "moment": pd.to_datetime(["2024-02-29T12:30:00.123456"] * 4).as_unit("us").tz_localize("UTC"),
        }
    )


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(SUFFIXES, 2)))
def test_any_two_formats_keep_values_order_gaps_dates_unicode_and_big_numbers(
    tmp_path: Path, mixed: pd.DataFrame, first: str, second: str
):
    start = write(mixed, tmp_path / f"start.{first}")
    notes = convert(start, tmp_path / f"end.{second}", trust_pickle=True)
    assert all("spreadsheet programs" in note for note in notes)
    pd.testing.assert_frame_equal(read(tmp_path / f"end.{second}"), mixed)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_infinite_numbers_are_kept(tmp_path: Path, suffix: str):
    start = write(pd.DataFrame({"x": [np.inf, 1.5, -np.inf, None]}), tmp_path / "start.parquet")
    notes = convert(start, tmp_path / f"end.{suffix}")
    assert any("infinite" in note for note in notes) == (suffix in ("json", "jsonl", "xlsx"))
    assert read(tmp_path / f"end.{suffix}")["x"].tolist()[:3] == [np.inf, 1.5, -np.inf]


@pytest.mark.parametrize(
    ("column", "suffix", "note"),
    [
        (["7", "8"], "csv", "'x' as it is: text read back as numbers"),
        (["7", "b"], "csv", None),
        (["2024-02-29"], "json", "text read back as dates"),
        (["True"], "tsv", "text read back as booleans"),
        (["", "b"], "csv", "'' in row 1 reads back as a missing value"),
        (["NA", "b"], "csv", None),
        (pd.Categorical(["a", "b"]), "csv", "categories of text read back as text"),
        (pd.Categorical(["a", "b"], ordered=True), "parquet", None),
        (np.array([2**64 - 1], "uint64"), "db", "numbers read back as text"),
        (np.array([2**64 - 1], "uint64"), "csv", None),
        (
            pd.to_datetime(["2024-02-29"]).tz_localize("Europe/Paris"),
            "csv",
            "dates in Europe/Paris read back as dates in UTC",
        ),
        (pd.to_datetime(["2024-02-29"]).tz_localize("Europe/Paris"), "feather", None),
        ([1.5, None], "xlsx", "cannot hold rows without any value: 1 at the end"),
        (np.array([], "int64"), "json", "cannot hold columns without rows"),
        (np.array([], "int64"), "csv", None),
    ],
)
def test_what_a_format_cannot_hold_is_said(tmp_path: Path, column, suffix: str, note: str | None):
    start = write(pd.DataFrame({"x": column}), tmp_path / "start.parquet")
    notes = convert(start, tmp_path / f"end.{suffix}")
    assert len(notes) == (note is not None)
    assert note is None or note in notes[0]
    assert not any("\n" in line for line in notes)


def test_one_table_of_a_database_becomes_one_of_another(tmp_path: Path, mixed: pd.DataFrame):
    write_frame(mixed, Source.parse(f"sqlite:///{tmp_path}/a.db?table=one", "x"))
    assert convert(f"sqlite:///{tmp_path}/a.db?table=one", f"sqlite:///{tmp_path}/a.db?table=two") == ()
    rest = convert(
        f"sqlite:///{tmp_path}/a.db", tmp_path / "b.csv", query="SELECT code, big FROM two WHERE big > 0"
    )
    assert rest == ()
    assert read(tmp_path / "b.csv")["big"].tolist() == [2**53 + 1, 2**63 - 1]


def test_wrong_requests_are_refused(tmp_path: Path):
    start = write(pd.DataFrame({"x": [1]}), tmp_path / "start.csv")
    with pytest.raises(UserError, match="must differ"):
        convert(start, start)
    with pytest.raises(UserError, match="trust_pickle=true"):
        convert(write(pd.DataFrame({"x": [1]}), tmp_path / "start.pkl"), tmp_path / "end.csv")
    with pytest.raises(UserError, match="must have columns"):
        convert(write(pd.DataFrame(), tmp_path / "none.parquet"), tmp_path / "end.csv")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_drawn_tables_come_back_or_the_column_is_named(tmp_path: Path, suffix: str):
    assert fuzz_tables.fuzz(suffix, 10, tmp_path)["exact"]


def test_the_command_tells_what_is_wrong_in_one_line(tmp_path: Path):
    command = [sys.executable, str(ROOT / "scripts" / "convert.py"), "none.csv", "b.json"]
    wrong = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert (
        wrong.stderr == f"error: {tmp_path / 'none.csv'} must be a file, but is not there. Check the path.\n"
    )


def test_the_command_prints_notes(tmp_path: Path, capsys):
    (tmp_path / "a.csv").write_text("x,y\n1,inf\n", encoding="utf-8")
    assert script.convert([str(tmp_path / "a.csv"), str(tmp_path / "b.json")]) == 0
    assert capsys.readouterr().err.startswith("note: json knows no infinite numbers")
    with pytest.raises(UserError, match="SOURCE and TARGET"):
        script.convert(["a.csv"])
