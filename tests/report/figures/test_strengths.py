from collections.abc import Callable
from pathlib import Path

import pytest
from pandas import DataFrame, read_csv

from groundwork.report.figures.strengths import draw
from groundwork.report.folder import RunFolder


def test_the_best_strength_is_ringed_in_both_panels(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=5, exact=True)
    (drawing,) = draw(RunFolder(folder))
    history = read_csv(folder / "history.csv")
    best = history.loc[history["val/accuracy"].idxmax()]
    lines, dots = drawing.figure.axes
    ring = lines.get_lines()[-1]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (best["strength"], best["val/accuracy"])
    assert lines.get_xscale() == "log"
    assert dots.get_lines()[-1].get_xdata()[0] == best["val/accuracy"]
    assert f"strength {best['strength']:g} on stage {best['cut']:g}" in drawing.caption


@pytest.mark.parametrize(("direction", "kept"), [("max", "100"), ("min", "10")])
def test_the_direction_of_the_monitor_decides(
    write_regression: Callable[..., Path], change_json: Callable[..., None], direction: str, kept: str
) -> None:
    folder = write_regression(num_val=5)
    table = DataFrame({"strength": [1.0, 10.0, 100.0], "val/rmse": [2.0, 1.0, 3.0]})
    table.to_csv(folder / "history.csv", index=False)
    change_json(folder / "result.json", direction=direction)
    (drawing,) = draw(RunFolder(folder))
    assert f"strength {kept}," in drawing.caption
    assert len(drawing.figure.axes) == 1  # one way to read the features needs no second panel


def test_a_run_by_epochs_has_no_strengths(write_regression: Callable[..., Path]) -> None:
    assert draw(RunFolder(write_regression(num_val=5))) == []
