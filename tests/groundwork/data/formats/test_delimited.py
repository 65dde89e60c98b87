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
        ("a,b\n1,2\n".encode("utf-16")[:-1], "byte 0xff in line 1"),
        (b"a,a\n1,2\n", "'a' comes twice"),
        (b"a,,c\n1,2,3\n", "column 2 has none"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (",a\n2,x\n0,y\n1,z\n", ["a"]),
        (",,a\n0,3,x\n1,1,y\n2,2,z\n", ["a"]),
        (",a\n50,x\n51,y\n", ["Unnamed: 0", "a"]),
        (",Unnamed: 0,a\n5,0,x\n6,1,y\n", ["Unnamed: 0.1", "Unnamed: 0", "a"]),
        ("a,b,\n1,x,\n2,y,\n", ["a", "b"]),
    ],
)
def test_columns_without_a_name_are_left_out_and_told_or_named_as_pandas_does(tmp_path: Path, content, names):
    frame = read(tmp_path, content)
    assert frame.columns.tolist() == names
    assert len(frame.attrs["notes"]) == content.partition("\n")[0].count(",") + 1 - len(names)


@pytest.mark.parametrize(
    "content",
    [
        "a, b, c\n1.5, x, 2\n-1, y, 3\n",
        "a,b,c\n1.5, x, 2\n-1, y, 3\n",
        'a, "b", c\n1.5, "x", 2\n-1, y, 3\n',
        "a;  b;  c\r\n1.5;  x;  2\r\n-1;  y;  3\r\n",
        "sep=;\na;b;c\n1.5;x;2\n-1;y;3\n",
        "sep=\t\r\na\tb\tc\r\n1,5\tx\t2\r\n-1\ty\t3\r\n".replace("1,5", "1.5"),
        "\ufeffsep=;\na; b; c\n1.5; x; 2\n-1; y; 3\n",
        "a,b,c\n1.5,x,2\n-1,y,3\n".encode("utf-16"),
        "a\tb\tc\n1.5\tx\t2\n-1\ty\t3\n".encode("utf-16-le").join([b"\xff\xfe", b""]),
    ],
)
def test_what_stands_around_the_cells_is_no_part_of_them(tmp_path: Path, content):
    assert read(tmp_path, content).to_dict("list") == {"a": [1.5, -1], "b": ["x", "y"], "c": [2, 3]}


def test_a_blank_that_not_every_delimiter_has_belongs_to_its_cell(tmp_path: Path):
    assert read(tmp_path, "a, b ,c\n1, x,2\n")["b"].tolist() == [" x"]
    frame = pd.DataFrame({"a": [1], " b": [" x"]})
    write_delimited(frame, tmp_path / "t.csv", ",")
    assert read_delimited(tmp_path / "t.csv").to_dict("list") == {"a": [1], " b": [" x"]}


def test_beside_decimal_commas_a_point_before_three_digits_is_no_decimal(tmp_path: Path):
    frame = read(tmp_path, "a;b;c\n1,5;1.234;0.5\n2,25;12.345;7\n")
    assert frame["c"].tolist() == [0.5, 7]
    assert frame["b"].tolist() == [1.234, 12.345]  # c shows that the file knows decimal points
    assert read(tmp_path, "a;b\n1,5;1.234\n2,25;999\n")["b"].tolist() == ["1.234", "999"]
    assert read(tmp_path, 'a,b\n"1,5",1.234\n"2,25",999\n').attrs["decimal"] == ","


def test_the_decimal_sign_can_be_told(tmp_path: Path):
    (tmp_path / "t.csv").write_text("a;b\n1,5;1.234\n2;3\n", encoding="utf-8")
    assert read_delimited(tmp_path / "t.csv", ",").to_dict("list") == {"a": [1.5, 2], "b": ["1.234", "3"]}
    assert read_delimited(tmp_path / "t.csv", ".").to_dict("list") == {"a": ["1,5", "2"], "b": [1.234, 3]}
