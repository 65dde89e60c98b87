from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.delimited import read_delimited, write_delimited


def read(folder: Path, content: str | bytes, name: str = "t.csv") -> pd.DataFrame:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    return read_delimited(folder / name)


@pytest.mark.parametrize(
    "content", ["a,b\n1,x\n", "a;b\n1;x\n", "a\tb\n1\tx\n", "a|b\n1|x\n", "\ufeffa,b\r\n1,x\r\n", "a,b\r1,x"]
)
def test_delimiter_line_ends_and_byte_order_mark_are_found(tmp_path: Path, content: str):
    frame = read(tmp_path, content)
    assert frame.to_dict("list") == {"a": [1], "b": ["x"]}


def test_quotes_guard_delimiters_and_lines(tmp_path: Path):
    frame = read(tmp_path, 'a,"b;c;d"\n"1,5","x\ny"\n"say ""hi""",\n\n')
    assert frame.columns.tolist() == ["a", "b;c;d"]
    assert frame["a"].tolist() == ["1,5", 'say "hi"']
    assert frame["b;c;d"].tolist()[0] == "x\ny"
    assert frame["b;c;d"].isna().tolist() == [False, True]


def test_semicolons_bring_the_decimal_comma(tmp_path: Path):
    assert read(tmp_path, "a;b\n1,5;2\n-0,5;3\n")["a"].tolist() == [1.5, -0.5]


def test_a_table_without_rows_keeps_its_names(tmp_path: Path):
    assert read(tmp_path, "a,b\n").shape == (0, 2)


@pytest.mark.parametrize("name", ["a;b", "a\tb", "a|b,c", 'q"', "a\nb", "a\rb", " ", "é"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_any_name_and_any_text_come_back(tmp_path: Path, name: str, delimiter: str):
    path = tmp_path / ("t.csv" if delimiter == "," else "t.tsv")
    frame = pd.DataFrame({name: [name, None, 'x,"y"\t;\r\n']})
    write_delimited(frame, path, delimiter)
    back = read_delimited(path)
    assert back.columns.tolist() == [name]
    assert [None if pd.isna(cell) else cell for cell in back[name]] == [name, None, 'x,"y"\t;\r\n']


@pytest.mark.parametrize("content", [",a\n0,x\n1,y\n", '"","a"\n"1","x"\n"2","y"\n'])
def test_unnamed_row_numbers_of_pandas_and_r_are_no_column(tmp_path: Path, content: str):
    assert read(tmp_path, content).to_dict("list") == {"a": ["x", "y"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        (b"a,b\n1,2,3\n", "Expected 2 columns, got 3"),
        (b'a,b\n"1,2\n', "must have 2 cells"),
        (b"a,b\n1,caf\xe9\n", "byte 0xe9 in line 2"),
        ("a,b\n1,2\n".encode("utf-16"), "byte 0xff in line 1"),
        (b"a,a\n1,2\n", "'a' comes twice"),
        (b"a,,c\n1,2,3\n", "column 2 has none"),
        (b",a\n0,1\n2,3\n", "column 1 has none"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)
