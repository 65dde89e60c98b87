from collections.abc import Callable
from pathlib import Path

from groundwork.report.figures.recall import draw
from groundwork.report.folder import ReportedRun


def test_bars_rise_and_absent_classes_come_last(write_classification: Callable[..., Path]) -> None:
    (drawing,) = draw(ReportedRun(write_classification(num_classes=81, num_val=100)))
    recall = drawing.numbers["recall"]
    known = recall.dropna()
    assert known.is_monotonic_increasing
    assert 0 < len(known) < 81
    assert recall.iloc[len(known) :].isna().all()


def test_few_classes_need_no_bars(write_classification: Callable[..., Path]) -> None:
    assert draw(ReportedRun(write_classification(num_classes=14, num_val=30))) == []
