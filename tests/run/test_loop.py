"""One phase of training, as the keys of `trainer` ask for it."""

from pathlib import Path

import pytest
import torch

from groundwork.run.checkpoint import load
from groundwork.run.config.compose import compose_run
from groundwork.run.folder import RunFolder
from groundwork.run.loop import network_state
from groundwork.run.start import start

SHORT = ("trainer=cpu", "trainer.max_epochs=1", "metrics.resamples=20", "report.write=false")


def trained(tmp_path: Path, *words: str) -> dict[str, torch.Tensor]:
    places = (f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}")
    assert start(compose_run([*words, *SHORT, *places])) == 0
    return network_state(load(RunFolder.find("latest", tmp_path / "runs").best))


def test_activations_that_are_computed_again_train_the_same_network(tmp_path: Path, image_folder: Path):
    words = [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=8", "model=timm",
        "model.name=test_resnet", "model.pretrained=false", "transfer=scratch", "task=classification",
    ]  # fmt: skip
    plain = trained(tmp_path, *words)
    saving = trained(tmp_path, *words, "trainer.grad_checkpointing=true")
    for name, value in plain.items():
        torch.testing.assert_close(saving[name], value, rtol=1e-5, atol=1e-7)


def test_a_model_without_blocks_is_told_of(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]):
    words = ["data=table", f"data.table={table}", "data.target=price", "task=regression", "model=mlp"]
    trained(tmp_path, *words, "transfer=none", "trainer.grad_checkpointing=true")
    assert "trainer.grad_checkpointing has no effect here: mlp cannot compute" in capsys.readouterr().out
