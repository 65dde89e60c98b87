from collections.abc import Callable
from pathlib import Path

import numpy as np
from pandas import DataFrame, read_csv

from groundwork.report.figures.history import draw
from groundwork.report.folder import RunFolder


def test_the_kept_epoch_is_marked_in_every_panel(write_classification: Callable[..., Path]) -> None:
    (drawing,) = draw(RunFolder(write_classification(num_val=5)))
    assert len(drawing.figure.axes) == 2
    for axes in drawing.figure.axes:
        assert any(np.allclose(line.get_xdata(), 21) for line in axes.get_lines())
    assert len(drawing.numbers) == 30


def test_an_exact_solve_shows_its_best_strength(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=5, exact=True)
    (drawing,) = draw(RunFolder(folder))
    (axes,) = drawing.figure.axes
    history = read_csv(folder / "history.csv")
    best = history.loc[history["val/accuracy"].idxmax()]
    ring = axes.get_lines()[-1]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (best["strength"], best["val/accuracy"])
    assert axes.get_xscale() == "log"


def test_a_history_with_gaps_or_without_losses_is_drawn(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    DataFrame({"epoch": [0, 1, 2], "val/rmse": [3.0, None, 2.0]}).to_csv(folder / "history.csv", index=False)
    (drawing,) = draw(RunFolder(folder))
    assert len(drawing.figure.axes) == 1
    DataFrame({"epoch": [0], "val/other": [1]}).to_csv(folder / "history.csv", index=False)
    assert draw(RunFolder(folder)) == []
    (folder / "history.csv").write_text("")
    assert draw(RunFolder(folder)) == []
