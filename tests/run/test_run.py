"""Runs from Python: what notebooks hold on to."""

from pathlib import Path

import pytest
import torch

import groundwork


def test_a_run_is_fitted_and_read(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "trainer=cpu",
             "trainer.max_epochs=2", "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}"]  # fmt: skip
    run = groundwork.fit(words)
    assert run.result["status"] == "done"
    assert run.config.task.name == "classification"
    assert run.splits.split.value_counts().to_dict() == {"train": 140, "val": 30, "test": 30}
    assert len(run.history) == 2
    val = run.predictions("val")
    assert len(val) == 30
    network = run.model()
    assert (
        sum(parameter.numel() for parameter in network.parameters()) == run.result["parameters"]["parameters"]
    )
    assert isinstance(network, torch.nn.Module)
    with pytest.raises(groundwork.UserError, match="no predictions of test"):
        run.predictions("test")


def test_validating_less_often_than_the_training_is_long_is_refused(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "trainer=cpu",
             "trainer.max_epochs=2", "trainer.val_every_n_steps=11", f"paths.runs={tmp_path / 'runs'}"]  # fmt: skip
    with pytest.raises(groundwork.UserError, match="at most the 10 steps of this training, but got 11"):
        groundwork.fit(words, quiet=True)


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="nothing"):
        _ = groundwork.nothing
