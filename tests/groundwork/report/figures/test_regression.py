from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from groundwork.report.figures import regression
from groundwork.report.figures.regression import draw
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Regressed


def test_residuals_are_prediction_minus_truth(write_regression: Callable[..., Path]) -> None:
    (drawing,) = draw(ReportedRun(write_regression(num_val=50)))
    numbers = drawing.numbers
    np.testing.assert_allclose(numbers["residual"], numbers["predicted"] - numbers["true"])
    assert f"Mean residual {numbers['residual'].mean():.3f}" in drawing.caption


def test_each_target_has_its_own_files_even_with_odd_names(write_regression: Callable[..., Path]) -> None:
    drawings = draw(ReportedRun(write_regression(targets=("a/b", "a:b", "a_b"), num_val=5)))
    names = [drawing.name for drawing in drawings]
    assert len(set(names)) == 3
    assert all(name.replace("_", "").isalnum() for name in names)


def test_one_sample_is_enough(write_regression: Callable[..., Path]) -> None:
    assert len(draw(ReportedRun(write_regression(num_val=1)))) == 1


@pytest.mark.parametrize("scale", [0.01, 1.0, 1e3, 2e5, 3e6])
def test_ticks_do_not_overlap(
    scale: float, write_regression: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.linspace(0.7, 2.1, 20) * scale
    found = Regressed(
        "price", np.array([str(n) for n in range(20)], object), target=values, prediction=values[::-1]
    )
    monkeypatch.setattr(regression, "regressed", lambda run, split: [found])
    (drawing,) = draw(ReportedRun(write_regression(num_val=5)))
    FigureCanvasAgg(drawing.figure).draw()
    for axes in drawing.figure.axes:
        low, high = axes.get_xlim()
        ticks = [one for one in axes.xaxis.get_major_ticks() if low <= one.get_loc() <= high]
        boxes = [one.label1.get_window_extent() for one in ticks]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
