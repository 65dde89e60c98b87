from collections.abc import Callable
from pathlib import Path

from pandas import DataFrame, read_csv

from groundwork.report.figures.strengths import draw
from groundwork.report.folder import ReportedRun


def test_the_strength_that_was_kept_is_ringed_in_both_panels(
    write_classification: Callable[..., Path],
) -> None:
    folder = write_classification(num_val=5, exact=True)
    (drawing,) = draw(ReportedRun(folder))
    history = read_csv(folder / "history.csv")
    kept = history.loc[history["kept"]].iloc[0]
    assert (
        kept["val/accuracy"] < history["val/accuracy"].max()
    )  # chosen by loss: not what the figure could guess
    lines, dots = drawing.figure.axes
    ring = lines.get_lines()[-1]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (kept["strength"], kept["val/accuracy"])
    assert lines.get_xscale() == "log"
    assert dots.get_lines()[-1].get_xdata()[0] == kept["val/accuracy"]
    assert f"strength {kept['strength']:g} on stage {kept['cut']:g}" in drawing.caption


def test_one_way_to_read_the_features_needs_no_second_panel(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    table = DataFrame({"strength": [1.0, 10.0], "val/rmse": [2.0, 1.0], "kept": [False, True]})
    table.to_csv(folder / "history.csv", index=False)
    (drawing,) = draw(ReportedRun(folder))
    assert "strength 10." in drawing.caption
    assert len(drawing.figure.axes) == 1


def test_a_run_by_epochs_has_no_strengths(write_regression: Callable[..., Path]) -> None:
    assert draw(ReportedRun(write_regression(num_val=5))) == []


def test_scores_of_folds_are_called_so(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    table = DataFrame({"strength": [1.0, 10.0], "folds/rmse": [2.0, 1.0], "kept": [False, True]})
    table.to_csv(folder / "history.csv", index=False)
    (drawing,) = draw(ReportedRun(folder))
    assert "the lowest loss in the folds" in drawing.caption
    assert drawing.figure.axes[0].get_ylabel() == "cross-validated rmse"
