"""The interval of a number that was chosen is put around the corrected one, and holds it."""

import numpy as np
import pytest

from groundwork.evaluate.judge import moved


@pytest.mark.parametrize(
    ("name", "value", "seen", "low", "high", "expected"),
    [
        ("accuracy", 0.7, 0.8, 0.7, 0.88, (0.6, 0.8)),
        ("accuracy", 0.02, 0.05, 0.01, 0.2, (0.0, 0.17)),  # not below what a share can be
        ("r2", -0.2, 0.1, 0.02, 0.3, (-0.4, 0.0)),  # below zero once the choosing is out
        ("r2", 0.9, 0.95, -0.1, 0.97, (-0.15, 1.0)),
        ("rmse", 3.0, 2.0, 1.0, 4.0, (1.5, 6.0)),  # in proportion
        ("rank_mae", 2.5, 2.0, 1.5, 3.0, (1.5, 3.5)),  # no share
        ("mine", 12.0, 11.0, 10.0, 13.0, (10.0, 14.0)),  # whatever a user measures
    ],
)
def test_an_interval_moves_with_its_number(
    name: str, value: float, seen: float, low: float, high: float, expected: tuple[float, float]
):
    found = moved(name, value, {"value": seen, "low": low, "high": high})
    assert (found["low"], found["high"]) == pytest.approx(expected)


def test_an_interval_always_holds_its_own_value():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low, seen, high = np.sort(rng.uniform(-0.5, 1, 3))
        value = rng.uniform(-1, seen)
        found = moved("r2", value, {"value": seen, "low": low, "high": high}, wide=1.5)
        assert found["low"] <= value <= found["high"]
