from collections.abc import Callable
from pathlib import Path

from groundwork.report.figures.counts import class_counts, draw
from groundwork.report.folder import ReportedRun


def test_counts_follow_the_order_of_the_classes(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_classes=3, num_val=5)
    counts = {"train": {"class 002": 9, "class 000": 4}, "val": {"class 001": 1}}
    change_json(folder / "data.json", counts=counts, counts_balanced=None)
    table = class_counts(ReportedRun(folder))
    assert table.to_dict("list") == {
        "class": ["class 000", "class 001", "class 002"],
        "train": [4, 0, 9],
        "val": [0, 1, 0],
    }
    (drawing,) = draw(ReportedRun(folder))
    assert drawing.numbers["train"].tolist() == [9, 4, 0]
    assert "balanced" not in drawing.numbers


def test_balancing_that_changed_nothing_is_not_shown(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=5)
    assert "balanced" in class_counts(ReportedRun(folder))
    change_json(folder / "data.json", counts_balanced=ReportedRun(folder).data["counts"]["train"])
    assert "balanced" not in class_counts(ReportedRun(folder))


def test_regression_has_no_class_balance(write_regression: Callable[..., Path]) -> None:
    assert draw(ReportedRun(write_regression(num_val=5))) == []
