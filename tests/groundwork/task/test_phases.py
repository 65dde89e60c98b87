"""Several phases under a bare Trainer: shares of the epochs, what is frozen, resume, what is refused."""

import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.strategies import FSDPStrategy, SingleDeviceStrategy

from groundwork.core.errors import UserError
from groundwork.data import ImageDataModule
from groundwork.task import ClassificationTask
from groundwork.task.phases import TaskPhases

NOISE = (
    r".*LeafSpec|Found \d+ module\(s\) in eval mode|.*does not have many|.*smaller than the logging|Be aware"
)


def bare(**more: Any) -> Trainer:
    warnings.filterwarnings("ignore", message=NOISE)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", **{**quiet, "enable_checkpointing": False, **more})


class Look(Callback):
    """Note what trains in each epoch, and at which rate its first group ends."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, bool, int]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        network: Any = pl_module.network
        all_train = all(one.requires_grad for one in network.backbone.parameters())
        groups = len(trainer.optimizers[0].param_groups)
        self.seen.append((trainer.current_epoch, all_train, groups))


def test_each_phase_has_its_epochs_and_a_stopped_training_goes_on_inside_of_one(
    image_folder: Path, tmp_path: Path
):
    def fit(path: Path | None = None, **more: Any) -> tuple[ClassificationTask, Look]:
        torch.manual_seed(0)
        data = ImageDataModule.from_folder(
            image_folder, image_size=32, batch_size=8, cache=tmp_path / "cache"
        )
        task, look = ClassificationTask("test_resnet", pretrained=False, transfer="large_similar"), Look()
        callbacks = [look, *more.pop("callbacks", [])]
        bare(max_epochs=3, callbacks=callbacks, **more).fit(
            task, datamodule=data, ckpt_path=path, weights_only=True if path else None
        )
        return task, look

    keep = ModelCheckpoint(tmp_path / "kept", filename="{epoch}", save_top_k=-1)
    task, look = fit(callbacks=[keep], enable_checkpointing=True)
    assert [(epoch, trains) for epoch, trains, _ in look.seen] == [(0, False), (1, True), (2, True)]
    assert look.seen[0][2] < look.seen[1][2]  # rates by depth where the backbone trains
    again, rest = fit(tmp_path / "kept" / "epoch=1.ckpt")
    assert [epoch for epoch, *_ in rest.seen] == [2]
    whole, resumed = task.state_dict(), again.state_dict()
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    stop = EarlyStopping("val/loss", min_delta=1e9, patience=1)  # nothing is ever better by so much
    _, stopped = fit(callbacks=[stop])
    assert [trains for _, trains, _ in stopped.seen][:2] == [
        False,
        True,
    ]  # it ended a phase, not the training


def test_adapters_are_loaded_onto_the_weights_that_they_were_trained_on(
    image_folder: Path, pretrained: list[str], tmp_path: Path
):
    weights = str(tmp_path / "weights.safetensors")
    assert f"model.pretrained={weights}" in pretrained
    data = ImageDataModule.from_folder(image_folder, image_size=32, batch_size=8, cache=tmp_path / "cache")
    task = ClassificationTask("test_resnet", pretrained=weights, transfer="lora")
    trainer = bare(max_epochs=2)
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(tmp_path / "kept.ckpt")
    again = ClassificationTask.load_from_checkpoint(tmp_path / "kept.ckpt", weights_only=True)
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with torch.no_grad():
        assert torch.equal(again.eval().network(image), task.eval().network(image))
    with pytest.raises(UserError, match="transfer=lora must go with pretrained weights"):
        bare(max_epochs=1).fit(
            ClassificationTask("test_resnet", pretrained=False, transfer="lora"), datamodule=data
        )


def phases(*shares: float, strategy: Any = None, max_epochs: int = 4) -> tuple[TaskPhases, Any]:
    entered: list[tuple[Any, float]] = []
    task = SimpleNamespace(
        phases=[SimpleNamespace(share=share) for share in shares],
        enter=lambda phase, share: entered.append((phase.share, share)),
        entered=entered,
    )
    callback = TaskPhases(task)
    single = SingleDeviceStrategy(torch.device("cpu"))
    trainer = SimpleNamespace(strategy=strategy or single, max_epochs=max_epochs, global_rank=0)
    callback.begin(trainer)
    return callback, task


def test_the_first_phase_is_entered_with_its_share_of_the_steps():
    callback, task = phases(0.25, 0.75)
    assert (callback.epochs, task.entered) == ([1, 3], [(0.25, 0.25)])
    callback, task = phases(1.0)
    assert (callback.epochs, task.entered) == ((), [])  # as the task was built


def test_a_training_that_is_too_short_says_how_many_phases_it_trains(capsys: pytest.CaptureFixture[str]):
    phases(0.5, 0.5, max_epochs=1)
    assert "max_epochs=1 trains 1 of 2 phases" in capsys.readouterr().out


def test_what_cannot_go_from_phase_to_phase_is_refused():
    with pytest.raises(
        UserError, match="must be auto or ddp where several phases train, but got FSDPStrategy"
    ):
        phases(0.5, 0.5, strategy=FSDPStrategy())
    with pytest.raises(UserError, match="max_epochs must be given where several phases share it"):
        phases(0.5, 0.5, max_epochs=-1)
    phases(1.0, strategy=FSDPStrategy())


TWO = """
import sys, torch
from lightning import Callback, Trainer
from groundwork.data import ImageDataModule
from groundwork.task import ClassificationTask

class Equal(Callback):
    def on_train_epoch_end(self, trainer, task):
        for name, value in task.network.state_dict().items():
            if "running_" in name or "num_batches" in name:
                continue  # each rank has its own statistics of a batch
            both = task.all_gather(value.float())
            assert torch.equal(both[0], both[1]), (trainer.current_epoch, name)
        if trainer.global_rank == 0:
            print("EQUAL", trainer.current_epoch)

if __name__ == "__main__":
    data = ImageDataModule.from_folder(sys.argv[1], image_size=32, batch_size=4, cache=sys.argv[2])
    task = ClassificationTask("test_resnet", pretrained=False, transfer="large_similar")
    torch.manual_seed(0)
    trainer = Trainer(accelerator="cpu", devices=2, strategy="ddp", max_epochs=3, logger=False, callbacks=[Equal()],
                      enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(task, datamodule=data)
"""


@pytest.mark.slow
def test_two_ranks_hold_equal_weights_after_each_phase(image_folder: Path, tmp_path: Path):
    script = tmp_path / "two.py"
    script.write_text(TWO, encoding="utf-8")
    words = [sys.executable, str(script), str(image_folder), str(tmp_path / "cache")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("EQUAL")] == [
        "EQUAL 0", "EQUAL 1", "EQUAL 2"
    ]  # fmt: skip
