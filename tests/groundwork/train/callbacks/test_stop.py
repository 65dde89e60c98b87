"""Patience counts validations without a better monitor, once the monitor has moved."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from groundwork.train.callbacks.stop import EarlyStopping

SETTLED = {
    "should_stop": False, "sanity_checking": False, "fast_dev_run": False, "world_size": 1, "current_epoch": 0,
    "state": SimpleNamespace(fn="fit"),
    "strategy": SimpleNamespace(reduce_boolean_decision=lambda decision, **_: decision),
}  # fmt: skip


def validations_until_the_end(
    values: list[float], mode: str, resumed: int | None = None, falls: bool = True
) -> int | None:
    """Count the validations before a patience of two runs out; the callback is built anew after `resumed` of them."""
    ended: list[bool] = []
    phases: Any = SimpleNamespace(end=lambda *_: ended.append(True))
    stop = EarlyStopping("val/score", mode, 2, phases)
    for number, value in enumerate(values, start=1):
        trainer: Any = SimpleNamespace(**SETTLED, callback_metrics={
            "val/score": torch.tensor(value), "val/loss": torch.tensor(1 / number if falls else 1.0),
        })  # fmt: skip
        stop.on_validation_end(trainer, trainer)
        if ended:
            return number
        if number == resumed:
            state, stop = stop.state_dict(), EarlyStopping("val/score", mode, 2, phases)
            stop.load_state_dict(state)
    return None


@pytest.mark.parametrize(
    ("mode", "values", "end"),
    [
        ("max", [0.5] * 8, None),  # one class is predicted all along
        ("max", [0.5] * 5 + [0.6, 0.5, 0.5], 8),
        ("max", [0.5, 0.4, 0.4], 3),
        ("max", [1.0] * 8, 3),  # perfect
        ("min", [0.0] * 8, 3),
        ("min", [2.0, 3.0, 3.0], 3),
    ],
)
def test_patience_counts_from_the_first_move(mode: str, values: list[float], end: int | None) -> None:
    assert validations_until_the_end(values, mode) == end
    assert validations_until_the_end(values, mode, resumed=2) == end


def test_patience_counts_where_the_loss_does_not_fall() -> None:
    assert validations_until_the_end([0.5] * 8, "max", falls=False) == 3
