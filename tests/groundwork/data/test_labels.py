import unicodedata

import numpy as np
import pytest
from pandas import DataFrame, Series

from groundwork.data import Target
from groundwork.data.labels import label_notes, twins

NFD = unicodedata.normalize("NFD", "caf\u00e9")


@pytest.mark.parametrize(
    "pair", [("cat", "cat "), ("cat", "\tcat"), ("caf\u00e9", NFD), ("caf\u00e9 ", NFD), ("a b", "a b\u3000")]
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
    assert label_notes(Series(["cat", "dog", "1", "1.0"]), ("1", "1.0", "cat", "dog")) == ()
    assert twins(["a", "b", "a"]) == []


def test_classes_of_an_earlier_run_keep_their_spaces():
    target = Target("classification", ("kind",), ("cat", "cat "), "", None)
    assert target.encode(DataFrame({"kind": ["cat", "cat ", " cat"]})).tolist() == [0, 1, 0]
    np.testing.assert_array_equal(target.encode(DataFrame({"kind": ["cat "]})), [1])


def test_names_that_the_user_gives_may_have_spaces():
    frame = DataFrame({"kind": Series(["cat ", "dog"], dtype="str")})
    assert Target.fit(frame, None, "cat ", None, None).classes == ("dog", "cat")
    assert Target.fit(frame, None, None, None, ["dog", "cat "]).classes == ("dog", "cat")
