"""One phase of training, as the keys of `trainer` ask for it."""

from pathlib import Path

import pytest
import torch

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state

SHORT = (
    "trainer=cpu",
    "execution=plain",
    "trainer.max_epochs=1",
    "metrics.resamples=20",
    "report.write=false",
)


def trained(tmp_path: Path, *words: str) -> dict[str, torch.Tensor]:
    places = (f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}")
    assert start(compose_run([*words, *SHORT, *places])) == 0
    return network_state(load(RunFolder.find("latest", tmp_path / "runs").best))


@pytest.fixture
def words(image_folder: Path) -> list[str]:
    return [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=8", "model=timm",
        "model.name=test_resnet", "model.pretrained=false", "transfer=scratch", "task=classification",
    ]  # fmt: skip


@pytest.mark.weekly
def test_a_compiled_network_draws_and_learns_the_same_and_goes_on_where_it_stopped(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    # A rate so low that rounding, which compiling changes, does not grow.
    words = [*words, "model.dropout=0.5", "model.drop_path=0.1", "optim.lr=1e-5", "callbacks.ema.decay=0.5"]
    plain = trained(tmp_path, *words)
    compiled = trained(tmp_path, *words, "execution.compile=true")
    assert any(not torch.equal(compiled[name], plain[name]) for name in plain)
    for name, value in plain.items():
        torch.testing.assert_close(compiled[name], value, rtol=1e-4, atol=1e-4)

    def stop(_: object, trainer: object, *__: object) -> None:
        if trainer.global_step == 2:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ProgressBar, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, *words, "execution.compile=true", "callbacks.checkpoint.minutes=0")
    folder = RunFolder.find("latest", tmp_path / "runs")
    assert resume(str(folder.path), []) == 0
    resumed = network_state(load(folder.best))
    assert all(torch.equal(resumed[name], compiled[name]) for name in compiled)


def test_activations_that_are_computed_again_train_the_same_network(tmp_path: Path, words: list[str]):
    plain = trained(tmp_path, *words)
    saving = trained(tmp_path, *words, "execution.grad_checkpointing=true")
    for name, value in plain.items():
        torch.testing.assert_close(saving[name], value, rtol=1e-5, atol=1e-7)


def test_a_model_without_blocks_is_told_of(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]):
    words = ["data=table", f"data.table={table}", "data.target=price", "task=regression", "model=mlp"]
    trained(tmp_path, *words, "transfer=none", "execution.grad_checkpointing=true")
    assert "execution.grad_checkpointing has no effect here: mlp cannot compute" in capsys.readouterr().out
