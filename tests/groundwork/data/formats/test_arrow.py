from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from groundwork.core.errors import UserError
from groundwork.data.formats.arrow import read_feather, read_parquet


def test_whole_numbers_of_other_writers_stay_exact_beside_missing_ones(tmp_path: Path):
    table = pa.table({"a": pa.array([2**53 + 1, None], pa.int64()), "b": pa.array([True, None])})
    parquet.write_table(table, tmp_path / "t.parquet")
    frame = read_parquet(tmp_path / "t.parquet")
    assert frame["a"].tolist()[0] == 2**53 + 1
    assert frame.dtypes.astype(str).tolist() == ["Int64", "boolean"]


def test_days_decimals_and_dictionaries_are_read(tmp_path: Path):
    table = pa.table(
        {
            "day": pa.array([19782], pa.date32()),
            "money": pa.array(["1.25"]).cast(pa.decimal128(5, 2)),
            "kind": pa.array(["x"]).dictionary_encode(),
        }
    )
    feather.write_feather(table, tmp_path / "t.feather")
    frame = read_feather(tmp_path / "t.feather")
    assert frame["day"][0] == pd.Timestamp(2024, 2, 29)
    assert frame["money"][0] == 1.25
    assert frame["kind"].dtype == "category"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([[1]]), "must hold cells"),
        (pa.array([{"a": 1}]), "must hold cells"),
        (pa.array([b"x"]), "must hold cells"),
        (pa.array([1], pa.duration("s")), "must hold cells"),
    ],
)
def test_nested_and_binary_columns_are_named(tmp_path: Path, column, message):
    parquet.write_table(pa.table({"a": column}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match=message):
        read_parquet(tmp_path / "t.parquet")


def test_an_index_of_pandas_is_a_column_if_it_has_a_name(tmp_path: Path):
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key"))
    frame.to_parquet(tmp_path / "named.parquet")
    frame.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    assert read_parquet(tmp_path / "named.parquet").columns.tolist() == ["a", "key"]
    assert read_parquet(tmp_path / "unnamed.parquet").columns.tolist() == ["a"]


def test_damaged_notes_of_pandas_do_not_matter(tmp_path: Path):
    table = pa.table({"a": [1]}).replace_schema_metadata(
        {"pandas": '{"columns": [{}], "index_columns": [7]}'}
    )
    feather.write_feather(table, tmp_path / "t.feather")
    assert read_feather(tmp_path / "t.feather")["a"].tolist() == [1]


def test_damaged_text_is_refused(tmp_path: Path):
    text = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))
    feather.write_feather(pa.table({"a": text}), tmp_path / "t.feather")
    with pytest.raises(UserError, match="must be a complete feather"):
        read_feather(tmp_path / "t.feather")


def test_broken_files_are_refused_in_one_line(tmp_path: Path):
    for name, read in (("t.parquet", read_parquet), ("t.feather", read_feather)):
        (tmp_path / name).write_bytes(b"not at all")
        with pytest.raises(UserError, match="must be a complete") as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)
