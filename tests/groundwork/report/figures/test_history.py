from collections.abc import Callable
from pathlib import Path

import numpy as np
from pandas import DataFrame, concat

from groundwork.report.figures.history import draw
from groundwork.report.folder import ReportedRun


def test_the_kept_epoch_is_marked_in_every_panel(write_classification: Callable[..., Path]) -> None:
    (drawing,) = draw(ReportedRun(write_classification(num_val=5)))
    assert len(drawing.figure.axes) == 2
    for axes in drawing.figure.axes:
        assert any(np.allclose(line.get_xdata(), 21) for line in axes.get_lines())
    assert len(drawing.numbers) == 30


def test_phases_follow_one_another_and_the_best_epoch_is_of_the_last(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    exact = DataFrame({"strength": [1.0, 10.0], "cut": ["4+5", "5"], "val/rmse": [4.0, 5.0]})
    trained = DataFrame(
        {"phase": [1, 1, 1, 2, 2], "epoch": [1, 2, 3, 1, 2], "val/rmse": [3.0, 2.0, 1.9, 1.8, 1.7]}
    )
    concat([exact, trained]).to_csv(folder / "history.csv", index=False)
    change_json(folder / "result.json", best_epoch=2)
    (drawing,) = draw(ReportedRun(folder))
    assert drawing.numbers["place"].tolist() == [1, 2, 3, 4, 5]
    assert [line.get_xdata()[0] for line in drawing.figure.axes[0].get_lines()[1:]] == [3, 5]


def test_a_history_with_gaps_or_without_losses_is_drawn(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    DataFrame({"epoch": [0, 1, 2], "val/rmse": [3.0, None, 2.0]}).to_csv(folder / "history.csv", index=False)
    (drawing,) = draw(ReportedRun(folder))
    assert len(drawing.figure.axes) == 1
    DataFrame({"epoch": [0], "val/other": [1]}).to_csv(folder / "history.csv", index=False)
    assert draw(ReportedRun(folder)) == []
    (folder / "history.csv").write_text("")
    assert draw(ReportedRun(folder)) == []


def test_hundreds_of_columns_are_drawn_without_a_warning(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_classes=3)
    wide = {f"val/recall/{number}": [0.1, 0.2] for number in range(300)}
    table = DataFrame({"phase": [1, 2], "epoch": [1, 1], "train/loss": [1.0, 0.5], **wide})
    table.to_csv(folder / "history.csv", index=False)
    assert draw(ReportedRun(folder))
