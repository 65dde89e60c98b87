from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data import Source, read_frame, read_table, write_frame
from groundwork.data.readers.inputs import input_columns

KEYS = ("inputs", "drop", "categorical", "id_column", "group", "split_column", "order_column", "query")
CONTENT = (
    "id,x,zip,color,ok,when,town,part,price\n"
    "007,1.5,07001,red,True,2024-01-01,A,train,10\n"
    "008,,07002,NA,False,2024-01-02T12:00,A,val,20\n"
    "009,inf,07001,,True,,B,,30\n"
)


def read(table: Path | str, **keys):
    return read_table(str(table), **{**dict.fromkeys(KEYS), "target": "price", "trust_pickle": False, **keys})


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    (tmp_path / "houses.csv").write_text(CONTENT, encoding="utf-8")
    return tmp_path / "houses.csv"


def test_inputs_are_all_columns_that_play_no_other_part(houses: Path):
    samples = read(houses, id_column="id", group="town", split_column="part")
    assert samples.inputs.columns.tolist() == ["x", "zip", "color", "ok", "when"]
    assert samples.categorical == ("zip", "color", "ok")
    assert samples.sample_id.tolist() == ["007", "008", "009"]
    assert samples.group.tolist() == ["A", "A", "B"]
    assert samples.official.tolist() == ["train", "val", ""]
    assert samples.target["price"].tolist() == [10, 20, 30]


def test_numbers_are_float64_and_categories_text(houses: Path):
    inputs = read(houses).inputs
    np.testing.assert_array_equal(inputs["x"], [1.5, np.nan, np.inf])
    assert inputs["zip"].tolist() == ["07001", "07002", "07001"]
    assert inputs["color"].tolist()[:2] == ["red", "NA"]
    assert inputs["color"].isna().tolist() == [False, False, True]
    assert inputs["ok"].tolist() == ["True", "False", "True"]


def test_dates_become_days_and_it_is_said(houses: Path):
    samples = read(houses, split_column="part")
    # 19723 days from 1970-01-01 to 2024-01-01: 54 years of 365 days and 13 leap days
    np.testing.assert_array_equal(samples.inputs["when"], [54 * 365 + 13, 54 * 365 + 14.5, np.nan])
    assert samples.notes == ("input 'when' holds dates, used as days since 1970-01-01",)


def test_declared_numbers_are_categories(tmp_path: Path):
    (tmp_path / "t.csv").write_text("k,y\n1,1.5\n,2.5\n2,3.5\n", encoding="utf-8")
    samples = read(tmp_path / "t.csv", target="y", categorical=["k"])
    assert samples.categorical == ("k",)
    assert samples.inputs["k"].tolist()[::2] == ["1", "2"]


def test_inputs_and_drop_choose_columns(houses: Path):
    assert read(houses, inputs=["x", "color"]).inputs.columns.tolist() == ["x", "color"]
    assert "zip" not in read(houses, drop=["zip"]).inputs


def test_the_order_column_is_an_input_only_by_name(tmp_path: Path):
    (tmp_path / "t.csv").write_text("when,x,y\n2024-01-02,1,1.5\n2024-01-01,2,2.5\n", encoding="utf-8")
    assert read(tmp_path / "t.csv", target="y", order_column="when").inputs.columns.tolist() == ["x"]
    named = read(tmp_path / "t.csv", target="y", order_column="when", inputs=["when", "x"])
    assert named.inputs.columns.tolist() == ["when", "x"]
    assert named.order.rank().tolist() == [2, 1]


@pytest.mark.parametrize("suffix", ["tsv", "json", "jsonl", "parquet", "feather", "xlsx", "db"])
def test_identifiers_are_equal_in_every_file_format(houses: Path, suffix: str):
    frame = read_frame(Source.parse(str(houses), "x"), None, False)
    other = houses.with_suffix(f".{suffix}")
    write_frame(frame[frame.columns[::-1]], Source.parse(str(other), "x"))
    assert read(other).sample_id.tolist() == read(houses).sample_id.tolist()


def test_identifiers_are_pinned_and_repeats_counted(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,y\n1,2.5\n1,2.5\n,3.5\n1,2.5\n", encoding="utf-8")
    ids = read(tmp_path / "t.csv", target="y").sample_id.tolist()
    assert ids == ["661a0af025f4e597", "661a0af025f4e597-1", "5b7ebb658c8b7e2d", "661a0af025f4e597-2"]


def test_unknown_targets_leave_no_column_for_prediction(houses: Path):
    assert read(houses, target=None).target.shape == (3, 0)


def test_a_query_reads_from_a_database(houses: Path):
    database = houses.with_suffix(".db")
    write_frame(read_frame(Source.parse(str(houses), "x"), None, False), Source.parse(str(database), "x"))
    samples = read(
        f"sqlite:///{database}", query="SELECT x, price FROM data WHERE price > 10 ORDER BY price DESC"
    )
    assert samples.target["price"].tolist() == [30, 20]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"inputs": ["x", "price"]}, "names 'price'"),
        ({"inputs": ["x", "town"], "group": "town"}, "names 'town'"),
        ({"inputs": ["x", "id"], "id_column": "id"}, "names 'id'"),
        ({"inputs": ["x", "part"], "split_column": "part"}, "names 'part'"),
        ({"inputs": ["x"], "drop": ["x"]}, "names 'x'"),
        ({"inputs": ["y"]}, "data.inputs must name a column"),
        ({"drop": ["zipp"]}, "Did you mean 'zip'"),
        ({"categorical": ["color", "colour"]}, "Did you mean 'color'"),
        ({"categorical": ["id"], "id_column": "id"}, "'id' is not an input"),
        ({"target": "prices"}, "Did you mean 'price'"),
        ({"id_column": "town"}, "'A' more than once"),
        ({"id_column": "color"}, "row 3"),
        ({"query": "SELECT 1"}, "must go with a database"),
        ({"target": ["x", "zip", "color", "ok", "when", "town", "part", "price", "id"]}, "no column left"),
    ],
)
def test_wrong_keys_are_refused_in_one_line(houses: Path, keys, message):
    with pytest.raises(UserError, match=message) as caught:
        read(houses, **keys)
    assert "\n" not in str(caught.value)


def test_a_table_without_rows_is_refused(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,price\n", encoding="utf-8")
    with pytest.raises(UserError, match="has none"):
        read(tmp_path / "t.csv")


def test_a_named_index_of_a_trusted_pickle_is_a_column(tmp_path: Path):
    frame = pd.DataFrame({"price": [1.5, 2.5]}, index=pd.Index(["a", "b"], name="color"))
    frame.to_pickle(tmp_path / "t.pkl")
    assert read(tmp_path / "t.pkl", trust_pickle=True).inputs["color"].tolist() == ["a", "b"]
    with pytest.raises(UserError, match="trust_pickle=true"):
        read(tmp_path / "t.pkl")


def test_names_that_look_like_numbers_are_found(tmp_path: Path):
    (tmp_path / "t.csv").write_text("0,1,2\n1.5,a,3.5\n2.5,b,4.5\n", encoding="utf-8")
    samples = read(tmp_path / "t.csv", target=2, group=1)
    assert samples.inputs.columns.tolist() == ["0"]
    assert samples.group.tolist() == ["a", "b"]


def test_a_column_that_odd_cells_make_text_is_told_of():
    numbers = [f"{number}.5" for number in range(20)]
    odd = Series([*numbers, "n.a."], name="odd")
    spaced = Series([f" {number}" for number in numbers] + [" 7"], name="spaced")
    words = Series([*["tall"] * 19, "1", "2"], name="words")
    frame = DataFrame({"odd": odd, "spaced": spaced, "words": words})
    inputs, categories, notes = input_columns(frame, ())
    assert categories == ("odd", "spaced", "words")
    assert notes == (
        "input 'odd' is read as categories, though 20 of 21 cells hold numbers, the others 'n.a.' (1). "
        "Name those words in data.missing_values, or name the column in data.categorical",
    )
    assert input_columns(frame, ("odd", "spaced"))[2] == ()
    assert inputs["odd"].iloc[-1] == "n.a."


def test_written_numbers_are_read_as_target_and_as_input(tmp_path: Path):
    rows = "".join(f'{n}.5,"{n},{n:03d}",{2 * n}%,"${n},000"\n' for n in range(1, 30))
    (tmp_path / "t.csv").write_text(f"a,size,share,price\n{rows}", encoding="utf-8")
    samples = read(tmp_path / "t.csv")
    assert samples.categorical == ()
    assert samples.inputs["size"].tolist() == [n * 1001 for n in range(1, 30)]
    assert samples.inputs["share"].tolist() == list(range(2, 60, 2))
    assert samples.target["price"].tolist() == [n * 1000 for n in range(1, 30)]
    assert len(samples.notes) == 3
    assert samples.decimal == {"size": ".", "price": "."}
    assert read(tmp_path / "t.csv", categorical=["size"]).inputs["size"].tolist()[0] == "1,001"


def test_row_numbers_are_inputs_only_if_named(tmp_path: Path):
    rows = "".join(f"{n},{n},{n % 7},5,{n % 2}\n" for n in range(40, 80))
    (tmp_path / "t.csv").write_text(f",index,x,one,price\n{rows}", encoding="utf-8")
    samples = read(tmp_path / "t.csv")
    assert samples.inputs.columns.tolist() == ["x"]
    assert len(samples.notes) == 3
    named = read(tmp_path / "t.csv", inputs=["Unnamed: 0", "one"])
    assert named.inputs.columns.tolist() == ["Unnamed: 0", "one"]
    assert named.notes == ()
    (tmp_path / "t.csv").write_text("one,price\n5,1\n5,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column left for one; 'one' holds nothing but '5'"):
        read(tmp_path / "t.csv")


def test_numbers_that_rounding_makes_equal_are_refused(tmp_path: Path):
    rows = "".join(f"{1_700_000_000_000_000_000 + n},{n}\n" for n in range(10))
    (tmp_path / "t.csv").write_text(f"t,price\n{rows}", encoding="utf-8")
    with pytest.raises(UserError, match="input 't' must differ by more than rounding") as caught:
        read(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_a_name_in_brackets_is_told_how_to_quote(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,[k]\n1,2\n2,3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"""data.target="'\[k\]'\"."""):
        read(tmp_path / "t.csv", target=["k"])


def test_a_patient_whose_name_is_written_in_two_ways_is_one_group(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,g,y\n1,p1,2\n2,p1 ,3\n3,\u00a0p1,4\n4,p2,5\n", encoding="utf-8")
    samples = read(tmp_path / "t.csv", target="y", group="g")
    assert samples.group.tolist() == ["p1", "p1", "p1", "p2"]
    assert any("are one group" in note for note in samples.notes)


def test_cells_of_blanks_are_missing(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,g,y\n  ,p,a\nu,q,  \nv,\u00a0,b\n", encoding="utf-8")
    samples = read(tmp_path / "t.csv", target="y")
    assert samples.inputs.isna().to_numpy().tolist() == [[True, False], [False, False], [False, True]]
    assert samples.target["y"].isna().tolist() == [False, True, False]
    with pytest.raises(UserError, match="known for every row, but 'g' misses it in row 3"):
        read(tmp_path / "t.csv", target="y", group="g")


@pytest.mark.parametrize(
    "cell",
    [
        "29.02.2024",
        "2/29/2024",
        "2024/02/29",
        "29 Feb 2024",
        "Feb 29 2024",
        "29-Feb-24",
        "February 2024",
        "2024-02",
    ],
)
def test_dates_that_are_categories_are_told(tmp_path: Path, cell):
    (tmp_path / "t.csv").write_text(f"when,x,y\n{cell},1,2\n{cell},u,3\n01.03.2024,v,4\n", encoding="utf-8")
    samples = read(tmp_path / "t.csv", target="y")
    assert samples.categorical == ("when", "x")
    (note,) = samples.notes
    assert note.startswith(f"input 'when' holds dates such as {cell!r}, which are read as categories")
    assert read(tmp_path / "t.csv", target="y", categorical=["when"]).notes == ()


@pytest.mark.parametrize("cell", ["18:25", "7:05:30", "11:59 PM", "102:30:00.5"])
def test_times_that_are_categories_are_told(tmp_path: Path, cell):
    (tmp_path / "t.csv").write_text(f"when,x,y\n{cell},1,2\n01:30,u,3\n12:00,v,4\n", encoding="utf-8")
    (note,) = read(tmp_path / "t.csv", target="y").notes
    assert note.startswith(f"input 'when' holds times such as {cell!r}, which are read as categories")
    assert read(tmp_path / "t.csv", target="y", categorical=["when"]).notes == ()


@pytest.mark.parametrize("cells", [["2024-02-29", "2024-03-01"], ["1 Mar 2024", "2/3/2024"]])
def test_words_among_dates_are_told_and_can_be_named(tmp_path: Path, cells):
    lines = "".join(f"{cell},{row}\n" for row, cell in enumerate([*cells, "open", "open"]))
    (tmp_path / "t.csv").write_text(f"when,y\n{lines}", encoding="utf-8")
    (note,) = read(tmp_path / "t.csv", target="y").notes
    assert "though 2 of 4 cells hold dates, the others 'open'" in note
    if cells[0].startswith("2024"):
        samples = read(tmp_path / "t.csv", target="y", missing_values=["open"])
        assert samples.moments == {"when": ()}
        assert samples.inputs["when"].isna().sum() == 2


@pytest.mark.parametrize("cell", ["Mark 12", "may", "1:2", "3-4", "v1.2.3"])
def test_words_that_are_no_dates_are_not_told_of(tmp_path: Path, cell):
    (tmp_path / "t.csv").write_text(f"when,y\n{cell},2\nx,3\n{cell},4\n", encoding="utf-8")
    assert read(tmp_path / "t.csv", target="y").notes == ()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "feather", "xlsx", "db"])
def test_dates_written_as_text_are_dates_in_every_format(tmp_path: Path, suffix):
    moments = pd.Series(["2024-02-29", "2024-03-01", "2023-01-01"], dtype="str")
    frame = DataFrame({"when": moments, "kept": moments, "y": [1.5, 2.0, 3.0]})
    source = Source.parse(str(tmp_path / f"t.{suffix}"), "x")
    write_frame(frame, source)
    samples = read(str(source), target="y", drop=["kept"])
    assert samples.moments == {"when": ()}
    assert samples.inputs["when"].tolist() == [19782, 19783, 19358]
