import pandas as pd

from groundwork.data.classes import class_labels, natural_key


def test_names_are_ordered_as_people_do():
    assert sorted(["10", "9", "1.5", "nan", "x"], key=natural_key) == ["1.5", "9", "10", "nan", "x"]
    assert sorted(["img12", "IMG2", "img2b", "img1"], key=natural_key) == ["img1", "IMG2", "img2b", "img12"]


def test_a_threshold_puts_equal_values_below():
    column = pd.Series([0.4, 0.5, 0.6, None])
    assert class_labels(column, 0.5, ["low", "high"]) == ["low", "low", "high", None]
