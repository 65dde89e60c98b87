import numpy as np
import pandas as pd

from groundwork.data.contents import row_contents


def test_equal_rows_have_equal_hashes_in_any_order_of_columns():
    frame = pd.DataFrame(
        {"a": ["x", None, "x", "y", None, "x"], "b": [0.0, np.nan, -0.0, 1.0, np.nan, 1.0], "c": [2.0] * 6}
    )
    found = row_contents(frame)
    assert (found == row_contents(frame[["c", "b", "a"]])).all()
    equal = found[:, None] == found[None, :]
    assert equal.tolist() == [
        [all(_same(frame.iloc[i][name], frame.iloc[j][name]) for name in frame) for j in range(6)]
        for i in range(6)
    ]


def _same(one: object, other: object) -> bool:
    return one == other or (pd.isna(one) and pd.isna(other))


def test_the_hash_of_a_row_never_changes():
    # Stable splits stand on it: 16 digits as they were when it was written.
    assert row_contents(pd.DataFrame({"a": [1.5], "b": ["red"]})).tolist() == ["6383d250023496f8"]
