import numpy as np
import pytest

from groundwork.metrics import RegressionScores, regression_metrics


def test_two_targets_by_hand():
    target = np.array([[0.0, 10.0], [2.0, np.nan], [4.0, 30.0]])
    prediction = np.array([[1.0, 12.0], [2.0, 99.0], [3.0, 28.0]])
    found = regression_metrics(prediction, target, ("u", "v"))
    assert found["mse/u"] == pytest.approx(2 / 3)
    assert found["mse/v"] == pytest.approx(4)
    assert found["mae/v"] == pytest.approx(2)
    assert found["r2/u"] == pytest.approx(1 - 2 / 8)
    assert found["r2/v"] == pytest.approx(1 - 8 / 200)
    assert found["rmse"] == pytest.approx(np.sqrt((2 / 3 + 4) / 2))
    assert found["r2"] == pytest.approx((found["r2/u"] + found["r2/v"]) / 2)


def test_one_target_may_come_flat_but_never_against_a_column():
    y = np.array([1.0, 2.0, 4.0])
    assert regression_metrics(y + 1, y, ("y",)) == regression_metrics(y[:, None] + 1, y[:, None], ("y",))
    with pytest.raises(ValueError, match="must both be"):
        regression_metrics(y, y[:, None], ("y",))


def test_a_constant_target_has_no_r2_and_a_constant_prediction_no_correlation():
    y = np.full(7, 0.1)
    found = regression_metrics(y + np.arange(7), y, ("y",))
    assert np.isnan([found["r2"], found["pearson"], found["spearman"]]).all()
    found = regression_metrics(y, np.arange(7.0), ("y",))
    assert np.isnan([found["pearson"], found["spearman"]]).all()
    assert found["r2"] < 0


def test_a_target_that_nobody_knows_is_undefined_and_leaves_the_others_alone():
    target = np.array([[1.0, np.nan], [2.0, np.nan]])
    found = regression_metrics(np.zeros((2, 2)), target, ("u", "v"))
    assert np.isnan(found["mse/v"])
    assert found["mse"] == found["mse/u"] == 2.5


def test_a_diverged_prediction_is_undefined_not_skipped():
    found = regression_metrics(np.array([1.0, np.inf]), np.array([1.0, 2.0]), ("y",))
    assert np.isnan(list(found.values())).all()


def test_a_drawing_of_equal_values_has_no_r2():
    y = np.array([0.1, 0.1, 0.3, 0.7, 0.9])
    scores = RegressionScores(y**2, y, ("y",))
    weights = np.zeros((5, 60))
    weights[:2] = 1 + np.arange(120).reshape(2, 60)
    found = scores.at(weights)
    assert np.isnan([found["r2"], found["pearson"], found["spearman"]]).all()
