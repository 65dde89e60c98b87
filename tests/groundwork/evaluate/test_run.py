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


def test_a_phase_shorter_than_the_validation_interval_validates_after_each_epoch(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "trainer=cpu",
             "trainer.max_epochs=2", "trainer.val_every_n_steps=11", f"paths.runs={tmp_path / 'runs'}"]  # fmt: skip
    run = groundwork.fit(words, quiet=True)
    assert run.history.step.tolist() == [5, 10]
    assert "a phase of 10 steps validates after each epoch" in (run.path / "train.log").read_text()


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="nothing"):
        _ = groundwork.nothing
