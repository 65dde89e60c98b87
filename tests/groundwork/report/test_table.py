from collections.abc import Callable
from pathlib import Path

from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import classified
from groundwork.report.table import Cell, class_table, count_table, metric_names, metric_table, target_tables


def test_the_monitored_metric_comes_first_and_parts_stay_out(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=20)
    change_json(folder / "result.json", monitor="ece")
    names = metric_names(ReportedRun(folder), only_usual=False)
    assert names == ["ece", "accuracy", "balanced_accuracy", "f1", "auroc", "log_loss"]


def test_averages_by_other_names_follow_and_are_not_usual(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=20)
    change_json(folder / "result.json", val={"f1_micro": 0.1, "accuracy": 0.2, "recall/a": 0.3}, train=None)
    assert metric_names(ReportedRun(folder), only_usual=False) == ["accuracy", "f1_micro"]
    assert metric_names(ReportedRun(folder), only_usual=True) == ["accuracy"]


def test_a_metric_of_ones_own_is_usual(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=20)
    change_json(folder / "result.json", val={"brier": 0.1, "f1_micro": 0.3, "accuracy": 0.2}, train=None)
    with (folder / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("metrics: {extra: {brier: {_target_: mine.Brier}}}\n")
    assert metric_names(ReportedRun(folder), only_usual=True) == ["accuracy", "brier"]


def test_every_metric_stands_beside_the_baselines_with_the_verdict(
    write_regression: Callable[..., Path],
) -> None:
    table = metric_table(ReportedRun(write_regression(num_val=5)))
    assert table.head == ["metric", "train", "val", "mean, val", "ridge, val", "gradient boosting, val"]
    assert table.rows[0] == [
        Cell("rmse"), Cell("8.100"), Cell("10.20", "9.300 to 11.10"),
        Cell("60.10", "beaten"), Cell("14.20", "beaten"), Cell("10.00", "not beaten"),
    ]  # fmt: skip
    pearson = next(row for row in table.rows if row[0].text == "pearson")
    assert [cell.text for cell in pearson] == ["pearson", "", "undefined", "", "", ""]


def test_the_test_has_a_column_once_it_is_sealed(write_regression: Callable[..., Path]) -> None:
    assert metric_table(ReportedRun(write_regression(num_val=5, sealed=True))).head[:4] == [
        "metric", "train", "val", "test",
    ]  # fmt: skip


def test_undefined_scores_of_a_class_are_words(write_classification: Callable[..., Path]) -> None:
    found = classified(ReportedRun(write_classification(num_classes=30, num_val=3)), "val")
    assert found is not None
    rows = class_table(found, "val").rows
    absent = [row for row in rows if row[1].text == "0"]
    assert len(rows) == 30
    assert absent
    assert all(row[4].text == "undefined" for row in absent)


def test_targets_have_their_own_rows(write_regression: Callable[..., Path]) -> None:
    (table,) = target_tables(ReportedRun(write_regression(targets=("a", "b/c"), num_val=5)))
    assert table.head == ["target", "rmse", "r2"]
    assert [row[0].text for row in table.rows] == ["a", "b/c"]
    assert target_tables(ReportedRun(write_regression("one", num_val=5))) == []


def test_counts_per_class_have_one_column_per_split(write_classification: Callable[..., Path]) -> None:
    table = count_table(ReportedRun(write_classification(num_val=5)))
    assert table.head == ["class", "train", "val", "test", "balanced"]
