"""A table of predictions comes back as the arrays that it was written from, in the order of the file."""

from pathlib import Path

import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.core.predictions import prediction_table, read_predictions, write_table

IDS = ["a/1.jpg", "b/2.jpg", "007"]


def test_classes_with_probabilities_and_groups(tmp_path: Path):
    prob = np.array([[0.7, 0.3], [0.4, 0.6], [0.1, 0.9]], dtype=np.float32)
    truth, decided = np.array(["no", "no", "yes"]), np.array(["no", "yes", "yes"])
    table = prediction_table(
        IDS, decided, classes=["no", "yes"], targets=["sick"], prob=prob, truth=truth, group=[1, 1, 2]
    )
    assert list(table.columns) == ["sample_id", "group", "target", "prediction", "prob/no", "prob/yes"]
    write_table(tmp_path / "val.parquet", table)
    found = read_predictions(tmp_path / "val.parquet", ["no", "yes"], ["sick"])
    assert found is not None
    assert (found.names, found.sample_id.tolist()) == (["no", "yes"], IDS)
    assert (found.target.tolist(), found.prediction.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert found.group is not None
    assert found.group.tolist() == [1, 1, 2]
    assert found.prob is not None
    assert found.prob.dtype == np.float32  # a threshold decides on the very numbers that were predicted
    np.testing.assert_array_equal(found.prob, prob)
    part = found.take(np.array([2, 0]))
    assert (part.sample_id.tolist(), part.target.tolist()) == (["007", "a/1.jpg"], [1, 0])
    assert part.prob is not None
    np.testing.assert_array_equal(part.prob, prob[[2, 0]])


@pytest.mark.parametrize("targets", [["price"], ["price", "a/b"]])
def test_values_of_one_and_of_several_targets(tmp_path: Path, targets: list[str]):
    truth = np.arange(3.0 * len(targets)).reshape(3, -1)
    truth[1, 0] = np.nan
    table = prediction_table(IDS, truth + 1, classes=[], targets=targets, truth=truth)
    ends = [""] if len(targets) == 1 else ["/price", "/a/b"]
    assert list(table.columns) == [
        "sample_id",
        *(f"target{e}" for e in ends),
        *(f"prediction{e}" for e in ends),
    ]
    write_table(tmp_path / "val.parquet", table)
    found = read_predictions(tmp_path / "val.parquet", [], targets)
    assert found is not None
    assert found.names == targets
    assert (found.prob, found.group) == (None, None)
    np.testing.assert_array_equal(found.target, truth)
    np.testing.assert_array_equal(found.prediction, truth + 1)


def test_new_samples_have_no_target_and_are_no_predictions_of_a_split(tmp_path: Path):
    table = prediction_table(IDS, np.ones((3, 2)), classes=[], targets=["a", "b"])
    assert list(table.columns) == ["sample_id", "prediction/a", "prediction/b"]
    write_table(tmp_path / "new.parquet", table)
    assert read_predictions(tmp_path / "new.parquet", [], ["a", "b"]) is None
    assert read_predictions(tmp_path / "new.parquet", ["no", "yes"], ["a"]) is None


def test_a_class_that_the_run_does_not_know_has_no_number(tmp_path: Path):
    table = prediction_table(
        IDS, np.array(["no"] * 3), classes=["no"], targets=["a"], truth=np.array(["no", "x", "no"])
    )
    write_table(tmp_path / "val.parquet", table)
    found = read_predictions(tmp_path / "val.parquet", ["no"], ["a"])
    assert found is not None
    assert found.target.tolist() == [0, -1, 0]
    assert found.prob is None


def test_a_damaged_table_is_told(tmp_path: Path):
    (tmp_path / "val.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="must be a complete table"):
        read_predictions(tmp_path / "val.parquet", ["no"], ["a"])
