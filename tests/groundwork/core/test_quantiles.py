import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.core.quantiles import ordered_levels, outer_quantiles, quantile_columns


def test_the_median_comes_first_and_columns_say_which_quantile_they_are():
    levels = ordered_levels([0.975, 0.5, 0.025, 0.1])
    assert levels == (0.5, 0.025, 0.1, 0.975)
    columns = ["a", "b", "a_q025", "b_q025", "a_q10", "b_q10", "a_q975", "b_q975"]
    assert quantile_columns(levels, ["a", "b"]) == columns
    low, high = outer_quantiles(np.array([[5.0, 50, 1, 10, 2, 20, 9, 90]]), 2)
    assert (low.tolist(), high.tolist()) == ([[1, 10]], [[9, 90]])


@pytest.mark.parametrize(
    "wrong", [[0.5, 0.5], [1.2], [0.1, 0.9], [0.5], [0, 0.5], [0.5, "a"], 0.5, None, [True, 0.5]]
)
def test_other_quantiles_are_refused(wrong: object):
    with pytest.raises(
        UserError, match=r"loss\.quantiles must be different numbers in \(0, 1\), 0\.5 and others"
    ):
        ordered_levels(wrong)
