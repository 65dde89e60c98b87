"""Whoever watches a run is told each validation, and may end it."""

from types import SimpleNamespace
from typing import Any

import pytest

from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.pruning import Pruned, current_pruner, pruned_by


def trainer(value: float, checking: bool = False) -> Any:
    return SimpleNamespace(sanity_checking=checking, callback_metrics={"val/rmse": value})


def test_nobody_watches_by_default():
    assert build_pruning([], "val/rmse") == []


def test_the_pruner_is_told_and_ends_the_run():
    told, rows = [], [{}]

    def tell(step: int, value: float) -> bool:
        told.append((step, value))
        return step == 2

    with pruned_by(tell):
        (ask,) = build_pruning(rows, "val/rmse")
        ask.on_validation_end(trainer(9.0, checking=True), None)  # type: ignore[arg-type]
        ask.on_validation_end(trainer(3.0), None)  # type: ignore[arg-type]
        rows.append({})
        with pytest.raises(Pruned, match="validation 2"):
            ask.on_validation_end(trainer(4.0), None)  # type: ignore[arg-type]
    assert told == [(1, 3.0), (2, 4.0)]
    assert current_pruner() is None
