import numpy as np
import pytest
from pandas import DataFrame, RangeIndex, Series

from groundwork.core.errors import UserError
from groundwork.data import Samples


def make_samples(**changes) -> Samples:
    parts = {
        "kind": "table",
        "sample_id": Series(["a", "b", "c"], dtype="str"),
        "target": DataFrame({"y": [1.0, 2.0, 3.0]}),
        "inputs": DataFrame({"x": [0.1, 0.2, 0.3]}),
        "categorical": (),
        "root": "table.csv",
        "group": Series(["g", "g", "h"], dtype="str"),
        "order": Series([3, 1, 2]),
        "pixels": np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1),
    }
    return Samples(**{**parts, **changes})


def test_take_keeps_every_part_aligned_and_numbers_the_rows_anew():
    taken = make_samples().take([2, 0])
    assert taken.sample_id.tolist() == ["c", "a"]
    assert taken.target["y"].tolist() == [3.0, 1.0]
    assert taken.inputs["x"].tolist() == [0.3, 0.1]
    assert taken.group.tolist() == ["h", "g"]
    assert taken.order.tolist() == [2, 3]
    assert taken.pixels[:, 0, 0, 0].tolist() == [8, 0]
    assert taken.path is None
    assert taken.sample_id.index.equals(RangeIndex(2))


def test_take_also_reads_a_mask():
    assert make_samples().take(np.array([True, False, True])).sample_id.tolist() == ["a", "c"]


def test_a_repeated_identifier_is_named():
    with pytest.raises(UserError, match="'a' comes more than once"):
        make_samples(sample_id=Series(["a", "b", "a"], dtype="str"))


def test_parts_of_different_length_are_refused():
    with pytest.raises(ValueError, match="3 rows"):
        make_samples(target=DataFrame({"y": [1.0]}))


def test_no_sample_at_all_is_the_users_error():
    with pytest.raises(UserError, match="at least one sample"):
        make_samples().take([])


def test_an_official_split_has_a_known_name():
    with pytest.raises(ValueError, match="holdout"):
        make_samples(official=Series(["train", "", "holdout"], dtype="str"))
