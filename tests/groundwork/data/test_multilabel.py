import numpy as np
import pytest
from omegaconf import OmegaConf
from pandas import DataFrame

from groundwork.core.choice import choose
from groundwork.core.errors import UserError
from groundwork.data.multilabel import column_notes, label_columns
from groundwork.data.read import read_data


def frame(**columns):
    return DataFrame(columns)


def names(*cells):
    return frame(tags=cells).astype("str")


def test_names_between_separators_become_labels_in_natural_order():
    found = label_columns(names("cat; dog", "dog", "a10;a2;cat;", " ; "), ";")
    assert list(found) == ["a2", "a10", "cat", "dog"]
    assert found.to_numpy().tolist() == [[0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 0]]


def test_an_empty_cell_is_unknown_and_not_without_labels():
    found = label_columns(DataFrame({"tags": ["a;b", None, ";"]}, dtype="str"), ";")
    assert found.iloc[1].isna().all()
    assert found.iloc[2].tolist() == [0, 0]


def test_columns_of_0_and_1_or_true_and_false_stay_apart_and_gaps_stay_gaps():
    found = label_columns(frame(a=[0.0, 1.0, np.nan], b=[True, False, True]), None)
    np.testing.assert_array_equal(found.to_numpy(), [[0, 1], [1, 0], [np.nan, 1]])


@pytest.mark.parametrize(
    ("target", "separator", "said"),
    [
        (frame(a=[0, 2], b=[0, 1]), None, "a label must be 0 or 1, but 'a' holds '2'"),
        (names("x;y", "z"), None, "label_separator=';'"),
        (frame(a=[0, 1]), None, "two labels or more"),
        (names("x", "x"), ";", "two labels or more"),
        (frame(a=[1, 2]), ";", "must go with a column of text"),
        (frame(a=["x;y"], b=["z"]), ";", "must go with one target"),
    ],
)
def test_anything_else_is_refused(target, separator, said):
    with pytest.raises(UserError, match=said):
        label_columns(target, separator)


def test_a_label_that_is_the_same_everywhere_is_named():
    (note,) = column_notes(frame(a=[0.0, 1.0], b=[1.0, 1.0], c=[0.0, np.nan]))
    assert "'b' and 'c'" in note or "'b', 'c'" in note


def test_nested_folders_name_all_labels_of_a_photograph(tmp_path):
    from PIL import Image

    for name in ("cat/black/1.png", "cat/2.png", "dog/black/old/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), len(name)).save(tmp_path / name)
    data = choose("data", "image_folder", {"root": str(tmp_path)})
    samples, target = read_data(data, "multilabel")
    assert target.names == ("black", "cat", "dog", "old")
    found = dict(zip(samples.sample_id, target.encode(samples.target).tolist(), strict=True))
    assert found["cat/black/1.png"] == [1, 1, 0, 0]
    assert found["dog/black/old/3.png"] == [1, 0, 1, 1]


def test_a_separator_without_the_task_is_refused_before_anything_is_read():
    with pytest.raises(UserError, match="Add task=multilabel"):
        read_data(OmegaConf.create({"label_separator": ";"}), "classification")


def test_lists_as_python_and_json_write_them_are_names():
    found = label_columns(names("['cat', 'dog']", '["dog"]', "[]", None), ",")
    assert list(found) == ["cat", "dog"]
    assert found.iloc[:3].to_numpy().tolist() == [[1, 1], [0, 1], [0, 0]]
    assert found.iloc[3].isna().all()
    assert list(label_columns(names("[a],b", "[c]"), ",")) == ["[a]", "[c]", "b"]


def test_labels_that_differ_in_case_are_told():
    (note,) = column_notes(label_columns(names("cat;dog", "Cat", "dog"), ";"))
    assert note.startswith("labels that differ only in upper and lower case stay apart: 'Cat' and 'cat'")


def test_numbers_between_separators_stay_names_by_the_keys_that_the_error_gives(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text('x,tags\n1,"1,200"\n2,"2,300"\n3,"300,1"\n', encoding="utf-8")
    keys = {"table": str(table), "target": "tags", "label_separator": ","}
    with pytest.raises(UserError, match=r'read as numbers. Add data.decimal="." data.thousands=null'):
        read_data(choose("data", "table", keys), "multilabel")
    _, target = read_data(choose("data", "table", {**keys, "decimal": ".", "thousands": None}), "multilabel")
    assert target.names == ("1", "2", "200", "300")
