"""Which validation is best, where the monitor has not moved and where it has."""

from pathlib import Path

import pytest

from groundwork.core.run_folder import RunFolder
from groundwork.train.checkpoint.best import BestSoFar, Still


@pytest.mark.parametrize(
    ("mode", "values", "held"),
    [
        ("max", [0.5, 0.5, 0.5, 0.6, 0.6], [False, True, True, False, False]),
        ("max", [0.5, 0.4, 0.5, 0.5], [False] * 4),
        ("max", [1.0, 1.0], [False, False]),  # nothing is better
        ("min", [0.0, 0.0], [False, False]),
        ("min", [1.0, 1.0], [False, True]),
        ("max", [float("nan"), float("nan"), 0.5, 0.5], [False] * 4),
    ],
)
def test_a_network_learns_until_its_monitor_first_moves(
    mode: str, values: list[float], held: list[bool]
) -> None:
    still = Still(mode)
    assert [still.holds(value, 1.0 - 0.1 * number) for number, value in enumerate(values)] == held


def test_a_network_whose_loss_does_not_fall_learns_nothing() -> None:
    still = Still("max")
    losses = [0.7, 0.6, 0.65, 0.5999, 0.5, None, float("nan")]
    assert [still.holds(0.5, loss) for loss in losses] == [False, True, False, False, True, False, False]


def test_the_lowest_loss_is_best_while_the_monitor_stands_and_the_first_of_equal_values_later(
    tmp_path: Path,
) -> None:
    best = BestSoFar(RunFolder(tmp_path), "val/balanced_accuracy", "max")
    assert [best.improves(0.5, epoch, 1 / epoch) for epoch in (1, 2, 3)] == [True, True, True]
    again = BestSoFar(RunFolder(tmp_path), "val/balanced_accuracy", "max")
    again.load_state_dict(best.state_dict())
    assert [again.improves(0.5, 4, 0.3), again.improves(0.6, 5, 0.2), again.improves(0.6, 6, 0.1)] == [
        True,
        True,
        False,
    ]
    assert again.best_epoch == 5
    older = BestSoFar(RunFolder(tmp_path), "val/balanced_accuracy", "max")
    older.load_state_dict({"best_value": 0.5, "best_epoch": 1})  # of a checkpoint before there was `still`
    assert not older.improves(0.5, 2, 0.1)
