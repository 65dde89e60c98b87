import json
from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.records import read_json, read_jsonl, write_json, write_jsonl


def read(folder: Path, content: str, name: str = "t.json") -> pd.DataFrame:
    (folder / name).write_text(content, encoding="utf-8")
    return (read_json if name == "t.json" else read_jsonl)(folder / name)


def test_records_lists_and_lines_are_one_table(tmp_path: Path):
    rows = [{"a": 1, "b": "x"}, {"a": None, "b": "007"}]
    for content, name in (
        (json.dumps(rows), "t.json"),
        ('{"a": [1, null], "b": ["x", "007"]}', "t.json"),
        ("\n".join(map(json.dumps, rows)) + "\n\n", "t.jsonl"),
    ):
        frame = read(tmp_path, content, name)
        assert frame["a"].dtype == "Int64"
        assert frame["b"].tolist() == ["x", "007"]


def test_a_name_that_a_record_lacks_is_missing(tmp_path: Path):
    frame = read(tmp_path, '[{"a": 1}, {"b": true, "a": 2}]')
    assert frame.columns.tolist() == ["a", "b"]
    assert frame["b"].isna().tolist() == [True, False]


def test_text_of_dates_becomes_dates_and_text_of_numbers_stays(tmp_path: Path):
    frame = read(tmp_path, '[{"when": "2024-02-29", "number": "7"}]')
    assert frame["when"].dtype == "datetime64[us]"
    assert frame["number"].tolist() == ["7"]


@pytest.mark.parametrize("write", [write_json, write_jsonl])
def test_what_is_written_is_json_to_others(tmp_path: Path, write):
    frame = pd.DataFrame({"a\n": [2**60 + 1, 2], "é": ["\x00\u2028", None], "c": pd.Categorical([1.5, 2.0])})
    write(frame, tmp_path / "t")
    text = (tmp_path / "t").read_text(encoding="utf-8")
    rows = (
        json.loads(text) if write is write_json else [json.loads(line) for line in text.split("\n") if line]
    )
    assert rows == [{"a\n": 2**60 + 1, "é": "\x00\u2028", "c": 1.5}, {"a\n": 2, "é": None, "c": 2.0}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must be JSON"),
        ("{", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("7", "list of objects"),
        ('{"a": {"0": 1}}', "orient='records'"),
        ('{"a": [1], "b": []}', "equally long"),
        ("[1, 2]", "row 1 is 1"),
        ('[{"a": [1]}]', "'a' must hold cells"),
        ('[{"a": {"b": 1}}]', "'a' must hold cells"),
        ('[{"a": 1, "a": 2}]', "'a' comes twice"),
        ('[{"": 1}]', "has none"),
        ('[{"a": "\\ud800"}]', "half a character"),
        ('[{"\\ud800": 1}]', "half a character"),
        ('{"\\ud800": [1]}', "half a character"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path: Path, content: str, message: str):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    (tmp_path / "t.json").write_bytes('[{"a": "é"}]'.encode("latin-1"))
    with pytest.raises(UserError, match="must be UTF-8"):
        read_json(tmp_path / "t.json")


def test_a_broken_line_is_told_with_its_number(tmp_path: Path):
    with pytest.raises(UserError, match="line 2 must be JSON"):
        read(tmp_path, '{"a": 1}\n{"a": \n', "t.jsonl")
