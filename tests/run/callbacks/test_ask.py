"""Whoever watches a run is told each validation, and may end it."""

from types import SimpleNamespace
from typing import Any

import pytest

from groundwork.run.callbacks.ask import ask_observer
from groundwork.run.callbacks.observe import Pruned, observed, observer


def trainer(value: float, checking: bool = False) -> Any:
    return SimpleNamespace(sanity_checking=checking, callback_metrics={"val/rmse": value})


def test_nobody_watches_by_default():
    assert ask_observer([], "val/rmse") == []


def test_the_observer_is_told_and_ends_the_run():
    told, rows = [], [{}]

    def tell(step: int, value: float) -> bool:
        told.append((step, value))
        return step == 2

    with observed(tell):
        (ask,) = ask_observer(rows, "val/rmse")
        ask.on_validation_end(trainer(9.0, checking=True), None)  # type: ignore[arg-type]
        ask.on_validation_end(trainer(3.0), None)  # type: ignore[arg-type]
        rows.append({})
        with pytest.raises(Pruned, match="validation 2"):
            ask.on_validation_end(trainer(4.0), None)  # type: ignore[arg-type]
    assert told == [(1, 3.0), (2, 4.0)]
    assert observer() is None
