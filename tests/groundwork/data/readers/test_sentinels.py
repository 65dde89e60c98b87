"""Numbers that stand for a missing value are named, and no others."""

import numpy as np
import pandas as pd
import pytest

from groundwork.data.readers.sentinels import sentinel_notes

AGES = [*range(18, 91)]


@pytest.mark.parametrize(
    ("values", "code", "count"),
    [
        ([*AGES, *[-999] * 4], "-999", 4),
        ([*AGES, *[999] * 3], "999", 3),
        ([0.1, 0.2, 0.3, 0.5, *[-9.0] * 9], "-9", 9),
        ([0.1, 0.2, 0.3, 0.5, *[-1.0] * 3, None], "-1", 3),
        ([*AGES, *[-9999999] * 3], "-9999999", 3),
        ([*AGES, *[99999.0] * 5, None, None], "99999", 5),
    ],
)
def test_a_far_number_that_is_repeated_is_named_with_the_key(values, code: str, count: int):
    (note,) = sentinel_notes(pd.DataFrame({"x": values}), ["x"])
    assert f"{count} rows" in note
    assert f"data.missing_values=[{code}]" in note


@pytest.mark.parametrize(
    "values",
    [
        [*AGES, -999, -999],  # twice may be chance
        [*range(100), *[99] * 10],  # one of its neighbors
        [*AGES, *[-500] * 9],  # no customary word
        [*range(-9, 10), *[-9] * 5],
        [-1] * 30 + [1] * 30,  # two classes
        ["-999"] * 5 + list("abcde"),
        [True, False] * 9,
        [None] * 9,
        [*np.random.default_rng(0).normal(0, 1e4, 500), *[-9999.0] * 3],
    ],
)
def test_other_numbers_are_not(values):
    assert sentinel_notes(pd.DataFrame({"x": values}), ["x"]) == ()
