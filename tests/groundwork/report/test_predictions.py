from collections.abc import Callable
from pathlib import Path

import numpy as np
from pandas import read_parquet
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified, classified, per_class, regressed


def test_counts_have_truth_in_rows_as_in_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 5, (2, 200))
    found = Classified(np.arange(200).astype(object), target, prediction, None, list("abcde"))
    assert (found.counts() == confusion_matrix(target, prediction, labels=range(5))).all()


def test_scores_per_class_equal_scikit_learn_and_stay_undefined_for_absent_classes() -> None:
    rng = np.random.default_rng(1)
    target, prediction = rng.integers(0, 4, (2, 100))
    found = Classified(np.arange(100).astype(object), target, prediction, None, list("abcde"))
    table = per_class(found)
    precision, recall, f1, samples = precision_recall_fscore_support(
        target, prediction, labels=range(5), zero_division=np.nan
    )
    for name, expected in (("precision", precision), ("recall", recall), ("samples", samples)):
        np.testing.assert_allclose(table[name].astype(float), expected)
    np.testing.assert_allclose(table["f1"][:4], f1[:4])
    assert np.isnan(table["f1"][4])


def test_samples_without_a_known_target_do_not_count(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=30)
    path = folder / "predictions" / "val.parquet"
    table = read_parquet(path)
    table["target"] = table["target"].astype(object)
    table.loc[:9, "target"] = None
    table.to_parquet(path)
    found = classified(ReportedRun(folder), "val")
    assert found is not None
    assert len(found.target) == len(found.sample_id) == 20


def test_class_names_that_are_numbers_match_their_text(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=30, classes=["0", "1", "10"])
    change_json(folder / "data.json", classes=[0, 1, 10])
    found = classified(ReportedRun(folder), "val")
    assert found is not None
    assert found.prob is not None
    np.testing.assert_allclose(found.confidence, found.prob.max(axis=1))


def test_every_target_of_a_regression_is_found_under_its_name(write_regression: Callable[..., Path]) -> None:
    one = regressed(ReportedRun(write_regression("one", num_val=7)), "val")
    three = regressed(ReportedRun(write_regression("three", targets=("a", "b/c", "<d>"), num_val=7)), "val")
    assert [found.name for found in one] == ["price"]
    assert [found.name for found in three] == ["a", "b/c", "<d>"]
    assert all(len(found.target) == 7 for found in three)


def test_missing_values_of_a_target_are_left_out_of_that_target_only(
    write_regression: Callable[..., Path],
) -> None:
    folder = write_regression(targets=("a", "b"), num_val=8)
    path = folder / "predictions" / "val.parquet"
    table = read_parquet(path)
    table.loc[:2, "target/a"] = np.nan
    table.to_parquet(path)
    assert [len(found.target) for found in regressed(ReportedRun(folder), "val")] == [5, 8]
