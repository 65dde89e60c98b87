"""One row that chooses alone is said."""

import numpy as np

from groundwork.evaluate.outlier import outlier_note


def test_one_row_that_makes_most_of_the_squared_error_is_said() -> None:
    target, prediction = np.zeros((40, 1)), np.ones((40, 1))
    prediction[3] = 9.0  # 81 of 81 + 39
    assert outlier_note(prediction, target, "rmse").startswith(
        "one of 40 rows of val makes 68% of its squared error"
    )
    assert outlier_note(prediction, target, "mae") == ""
    assert outlier_note(prediction[:20], target[:20], "rmse") == ""


def test_even_errors_and_missing_targets_say_nothing() -> None:
    target = np.zeros((40, 2))
    target[0, 1] = np.nan
    assert outlier_note(np.ones((40, 2)), target, "r2") == ""
    assert outlier_note(target[:, :1], target[:, :1], "mse") == ""
