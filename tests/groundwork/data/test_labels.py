import unicodedata

import numpy as np
import pytest
from pandas import DataFrame, Series

from groundwork.data import Target
from groundwork.data.labels import category_notes, group_notes, label_notes, one_name, twins

NFD = unicodedata.normalize("NFD", "caf\u00e9")


@pytest.mark.parametrize(
    "pair",
    [
        ("cat", "cat\u200b"),
        ("cat", "\ufeffcat "),
        ("a\u00a0b", "a b"),
        ("cat", "cat "),
        ("cat", "\tcat"),
        ("caf\u00e9", NFD),
        ("caf\u00e9 ", NFD),
        ("a b", "a b\u3000"),
    ],
)
def test_labels_that_read_the_same_are_one_class_and_it_is_said(pair):
    frame = DataFrame({"kind": Series([*pair, "dog", None], dtype="str")})
    target = Target.fit(frame, None, None, None, None)
    assert len(target.classes) == 2
    codes = target.encode(frame)
    assert codes[0] == codes[1] != codes[2]
    assert codes[3] == -1
    (note,) = label_notes(frame["kind"], target.classes)
    assert "'kind'" in note
    assert "are one class" in note


@pytest.mark.parametrize(
    "pair", [("Cat", "cat"), ("A", "a"), ("NEW YORK", "New York"), ("STRASSE", "stra\u00dfe"), ("Yes", "yes")]
)
def test_labels_that_differ_in_case_stay_apart_and_it_is_said(pair):
    frame = DataFrame({"kind": Series([*pair, "dog"], dtype="str")})
    target = Target.fit(frame, None, None, None, None)
    assert len(target.classes) == 3
    (note,) = label_notes(frame["kind"], target.classes)
    assert "one spelling" in note
    assert all(repr(name) in note for name in pair)


def test_labels_that_differ_are_not_told_of():
    assert label_notes(Series(["cat", "dog", "1", "10"]), ("1", "10", "cat", "dog")) == ()
    assert twins(["a", "b", "a"]) == []


def test_classes_of_an_earlier_run_keep_their_spaces():
    target = Target("classification", ("kind",), ("cat", "cat "), "", None)
    assert target.encode(DataFrame({"kind": ["cat", "cat ", " cat"]})).tolist() == [0, 1, 0]
    np.testing.assert_array_equal(target.encode(DataFrame({"kind": ["cat "]})), [1])


def test_names_that_the_user_gives_may_have_spaces():
    frame = DataFrame({"kind": Series(["cat ", "dog"], dtype="str")})
    assert Target.fit(frame, None, "cat ", None, None).classes == ("dog", "cat")
    assert Target.fit(frame, None, None, None, ["dog", "cat "]).classes == ("dog", "cat")


def test_marks_that_join_the_parts_of_a_sign_stay():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert one_name(f" {family}\u200b") == family


def test_groups_and_categories_that_read_the_same_are_told():
    column = Series(["p1", "p1 ", "P2", "p2", None], dtype="str", name="who")
    merged, apart = group_notes(column)
    assert merged == "groups of 'who' that read the same are one group: 'p1' and 'p1 '"
    assert apart.startswith("warning: groups of 'who'")
    assert "'P2' and 'p2'" in apart
    assert group_notes(Series(["p1", "p2"], name="who")) == ()
    alike, apart = category_notes("who", column)
    assert alike == "categories of 'who' that read the same stay apart: 'p1' and 'p1 '"
    assert "'P2' and 'p2'" in apart


@pytest.mark.parametrize("pair", [("07", "7"), ("1", "1.0"), ("0010", "010"), ("2.50", "2.5"), ("0", "00")])
def test_names_that_are_one_number_are_told(pair):
    labels = Series([*pair, "x", None], dtype="str", name="y")
    (note,) = label_notes(labels, [*pair, "x"])
    assert note.startswith("classes of 'y' that are one number stay apart: ")
    assert all(repr(name) in note for name in pair)
    (note,) = group_notes(labels)
    assert note.startswith("warning: groups of 'y' that are one number may lie in different parts: ")


@pytest.mark.parametrize(
    "pair", [("Red", "red"), ("NY", "ny"), ("Yes", "YES"), ("N/A", "n/a"), ("\u00c9a", "\u00e9a")]
)
def test_categories_that_differ_in_case_are_told(pair):
    (note,) = category_notes("c", Series([*pair, "blue"], dtype="str"))
    assert note.startswith("categories of 'c' that differ only in upper and lower case stay apart: ")
