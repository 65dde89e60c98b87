import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from groundwork.data.readers.leftover import leftover_columns, leftover_notes

PERMUTED = np.random.default_rng(0).permutation(30)


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("Unnamed: 0", [50, 51, 53], "saved without a name"),
        ("Unnamed: 0.1", [3, 3, 4], "saved without a name"),
        ("n", list(range(30)), "counts the rows"),
        ("id", (PERMUTED + 1).tolist(), "counts the rows"),
        ("n", PERMUTED.astype(float).tolist(), "counts the rows"),
        ("PassengerId", list(range(892, 922)), "numbers the rows from 892 on"),
        ("sample_id", (PERMUTED + 1461).tolist(), "numbers the rows from 1461 on"),
        ("No.", list(range(10, 40)), "numbers the rows from 10 on"),
        ("ID", (PERMUTED + 2.0).tolist(), "numbers the rows from 2 on"),
        ("order number", list(range(-5, 25)), "numbers the rows from -5 on"),
        ("Index", [7, 5, 9], "is an index"),
        ("rownames", [1, 2, 3], "is an index"),
        ("k", ["a", "a"], "holds nothing but 'a'"),
        ("k", [2.0, 2.0], "holds nothing but '2'"),
        ("k", [None, None], "holds no value"),
        ("Set", ["Train", "train ", "valid"], "data.split_column=Set keeps"),
        ("s", ["train", "test", None], "names the parts of a split"),
        ("is_valid", [True, False, False], "like the parts or folds"),
        ("kfold", [0, 1, 2, 0], "like the parts or folds"),
        ("fold", [1.0, 2.0, None], "like the parts or folds"),
        ("split", [0, 1, 2], "like the parts or folds"),
        ("Is Test", [0, 1, 1], "like the parts or folds"),
    ],
)
def test_row_numbers_and_constants_are_left_over(name, cells, reason):
    frame = DataFrame({name: pd.Series(cells)})
    found = leftover_columns(frame, [name])
    assert reason in found[name]
    assert leftover_notes(found) == (
        f"column {name!r} {found[name]}: left out of the inputs, unless data.inputs names it",
    )


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Unnamed: 0", ["a", "b", "a"]),
        ("Unnamed: 0", [0.5, 1.5]),
        ("n", list(range(10))),
        ("n", [*range(29), 28]),
        ("n", list(range(2, 32))),
        ("year", list(range(1950, 1980))),
        ("volcano", list(range(5, 35))),
        ("id", [*range(5, 34), 40]),
        ("split", [0.5, 1.5]),
        ("scaffold", [0, 1, 2]),
        ("fold", [*range(30, 52), 99]),
        ("index", [1.5, 2.5]),
        ("index", [7, 7, 8]),
        ("k", [5.0, None, 5.0]),
        ("flag", [True, False]),
        ("k", ["a"]),
        ("way", ["train", "bus", "train"]),
        ("kind", ["val", "test"]),
        ("kind", ["training", "train", None]),
    ],
)
def test_what_may_say_something_stays(name, cells):
    assert leftover_columns(DataFrame({name: pd.Series(cells)}), [name]) == {}
