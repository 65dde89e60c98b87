from collections.abc import Callable
from pathlib import Path

import numpy as np

from groundwork.report.figures.regression import draw
from groundwork.report.folder import ReportedRun


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
