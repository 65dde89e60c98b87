"""Tasks with nothing but Lightning around them: the six lines, checkpoints, foreign data modules, two devices."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import LightningDataModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from groundwork.core.errors import UserError
from groundwork.data import ImageDataModule, LossWeights, TableDataModule
from groundwork.task import ClassificationTask, RegressionTask

NOISE = (
    r".*LeafSpec|Found \d+ module\(s\) in eval mode|.*does not have many workers|.*smaller than the logging"
)


def bare(**more: Any) -> Trainer:
    warnings.filterwarnings("ignore", message=NOISE)
    quiet = {"logger": False, "enable_checkpointing": False}
    shown = {"enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", **{**quiet, **shown, "max_epochs": 2, **more})


@pytest.fixture
def photographs(image_folder: Path, tmp_path: Path) -> ImageDataModule:
    return ImageDataModule.from_folder(image_folder, image_size=32, batch_size=8, cache=tmp_path / "cache")


def tensors(task: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in task.network.state_dict().items()}


def test_the_six_lines_on_images(photographs: ImageDataModule):
    task = ClassificationTask("test_resnet", pretrained=False, transfer="large_similar")
    bare(max_epochs=1).fit(task, datamodule=photographs)
    (values,) = bare().validate(task, datamodule=photographs)
    outputs = task.last_outputs
    assert values["val/accuracy"] == pytest.approx((outputs.prediction.argmax(1) == outputs.target).mean())
    assert outputs.index.tolist() == photographs.rows["val"].tolist()
    assert [phase.train for phase in task.phases] == ["head", "all"]


def test_the_six_lines_on_a_table(table: Path, capsys: pytest.CaptureFixture[str]):
    data = TableDataModule.from_table(table, "price", drop=["dear"])
    task = RegressionTask(lr=0.01)
    trainer = bare(max_epochs=15)
    trainer.fit(task, datamodule=data)
    assert trainer.callback_metrics["val/rmse"] < 0.5 * np.std(data.prepared.targets("val"))
    (tested,) = bare().test(task, datamodule=data, verbose=False)
    error = task.last_outputs.prediction - task.last_outputs.target
    assert tested["test/rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert capsys.readouterr().out.count("without sealing") == 1
    predicted = torch.cat(bare().predict(task, datamodule=data))  # type: ignore[arg-type]  # a list of tensors
    assert predicted.shape == (30, 1)


def test_a_checkpoint_of_lightning_holds_the_whole_task(table: Path, tmp_path: Path):
    data = TableDataModule.from_table(table, "dear", drop=["price"], balance=LossWeights("inverse", 0.9))
    task = ClassificationTask(monitor="accuracy")
    best = ModelCheckpoint(tmp_path / "best", monitor="val/balanced_accuracy", mode="max")
    logger = CSVLogger(tmp_path)
    bare(callbacks=[best], logger=logger, enable_checkpointing=True, log_every_n_steps=1).fit(
        task, datamodule=data
    )
    assert "val/balanced_accuracy" in (Path(logger.log_dir) / "metrics.csv").read_text()
    loaded = ClassificationTask.load_from_checkpoint(best.best_model_path, weights_only=True)
    assert loaded.hparams["info"]["classes"] == ["no", "yes"]
    assert loaded.loss.class_weights.tolist() == pytest.approx(data.info["class_weights"])
    expected = torch.load(best.best_model_path, weights_only=True)["state_dict"]
    assert all(torch.equal(value, expected[name]) for name, value in loaded.state_dict().items())
    assert len(bare().validate(loaded, datamodule=data, verbose=False)) == 1


def test_a_frozen_backbone_keeps_every_bit(photographs: ImageDataModule):
    task = ClassificationTask("test_resnet", pretrained=False, transfer="small_similar")
    bare(fast_dev_run=1).fit(task, datamodule=photographs)
    before = tensors(task)
    bare().fit(task, datamodule=photographs)
    after = tensors(task)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"head.linear.weight", "head.linear.bias"}


class Small(nn.Module):
    """A backbone of one's own: twenty lines of torch, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.layers(images)
        return features


def test_a_module_of_ones_own_is_a_backbone(photographs: ImageDataModule, tmp_path: Path):
    backbone = Small()
    task = ClassificationTask(backbone, augment="light")
    trainer = bare()
    trainer.fit(task, datamodule=photographs)
    assert task.network.backbone.stages[0] is backbone
    assert task.network.head.linear.in_features == 4
    trainer.save_checkpoint(tmp_path / "own.ckpt")
    loaded = ClassificationTask.load_from_checkpoint(tmp_path / "own.ckpt", backbone=Small())
    images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    assert torch.equal(loaded.eval().network(images), task.eval().network(images))


class Pairs(LightningDataModule):
    """A data module as in Lightning's own tutorials."""

    def __init__(self, target: torch.Tensor, inputs: torch.Tensor):
        super().__init__()
        self.data = TensorDataset(inputs, target)

    def train_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=8, shuffle=True)

    def val_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=7)

    def predict_dataloader(self) -> Any:
        return DataLoader(self.data.tensors[0], batch_size=7)  # type: ignore[arg-type]  # rows of a tensor


ROWS = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))


def test_a_foreign_data_module_says_how_many_classes_or_the_task_does():
    data = Pairs((ROWS[:, 0] > 0).long(), ROWS)
    with pytest.raises(UserError, match=r"but Pairs does not tell it. Give num_classes"):
        bare().fit(ClassificationTask(), datamodule=data)
    task = ClassificationTask(num_classes=2, lr=0.02)
    trainer = bare(max_epochs=8)
    trainer.fit(task, datamodule=data)
    assert trainer.callback_metrics["val/accuracy"] > 0.9
    assert len(task.last_outputs.index) == 40
    predicted = torch.cat(trainer.predict(task, datamodule=data))  # type: ignore[arg-type]  # a list of tensors
    assert torch.allclose(predicted, torch.from_numpy(task.last_outputs.prediction), atol=1e-6)
    data.num_classes = 2  # type: ignore[attr-defined]  # where Lightning's own keep it
    bare(fast_dev_run=True).fit(ClassificationTask(), datamodule=data)


def test_a_foreign_data_module_of_values_and_of_images():
    task = RegressionTask("mlp", lr=0.01)
    trainer = bare(max_epochs=8)
    trainer.fit(task, datamodule=Pairs(2 * ROWS[:, 0], ROWS))
    assert trainer.callback_metrics["val/rmse"] < 1
    images = Pairs((ROWS[:, 0] > 0).long(), torch.rand(40, 3, 16, 16))
    bare(fast_dev_run=True).fit(ClassificationTask(Small(), num_classes=2), datamodule=images)


@pytest.mark.parametrize(("given", "rate"), [({}, 3e-3), ({"lr": 0.1}, 0.1), ({"backbone": "mlp"}, 1e-3)])
def test_the_usual_rate_of_the_network_counts(given: dict[str, Any], rate: float):
    task = RegressionTask(**given, schedule="constant")
    trainer = bare(fast_dev_run=True)
    trainer.fit(task, datamodule=Pairs(2 * ROWS[:, 0], ROWS))
    assert trainer.optimizers[0].param_groups[0]["lr"] == rate


class Triples(Pairs):
    """Batches that no task can read."""

    def train_dataloader(self) -> Any:
        return DataLoader(TensorDataset(*self.data.tensors, ROWS), batch_size=8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: (ClassificationTask(num_classes=2), Triples(ROWS[:, 0], ROWS)), "pairs of tensors"),
        (lambda: (ClassificationTask(transfer="auto", num_classes=2), Pairs(ROWS[:, 0], ROWS)), "must measure"),
        (lambda: (ClassificationTask("resnet_18", num_classes=2, pretrained=False),
                  Pairs(ROWS[:, 0], torch.rand(40, 3, 8, 8))), "Did you mean resnet18"),
        (lambda: (ClassificationTask(optimizer="adam", num_classes=2), Pairs(ROWS[:, 0], ROWS)), "optim must be"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_in_one_line(make: Callable[[], Any], message: str):
    task, data = make()
    with pytest.raises(UserError, match=message):
        bare().fit(task, datamodule=data)


def test_a_task_for_other_targets_is_refused(table: Path):
    with pytest.raises(UserError, match="must fit ClassificationTask, but are for regression"):
        bare().fit(ClassificationTask(), datamodule=TableDataModule.from_table(table, "price"))


TWO = """
import sys, torch
from lightning import Trainer
from groundwork.data import TableDataModule
from groundwork.task import ClassificationTask

if __name__ == "__main__":
    table, devices, strategy = sys.argv[1:]
    data = TableDataModule.from_table(table, "dear", drop=["price"], batch_size=8)
    task = ClassificationTask(seed=0)
    torch.manual_seed(0)
    trainer = Trainer(accelerator="cpu", devices=int(devices), strategy=strategy, max_epochs=1, logger=False,
                      enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(task, datamodule=data)
    if trainer.global_rank == 0 and strategy != "ddp_spawn":
        assert len(task.last_outputs.index) == len(set(task.last_outputs.index.tolist())) == 30
    (values,) = trainer.validate(task, datamodule=data, verbose=False)
    if trainer.global_rank == 0:
        print("VALUES", values["val/accuracy"], values["val/loss"])
        alone = Trainer(accelerator="cpu", devices=1, logger=False, enable_progress_bar=False)
        if strategy == "ddp_spawn":
            (values,) = alone.validate(task, datamodule=data, verbose=False)
            print("VALUES", values["val/accuracy"], values["val/loss"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_two_devices_count_every_sample_once(strategy: str, table: Path, tmp_path: Path):
    script = tmp_path / "two.py"
    script.write_text(TWO, encoding="utf-8")
    command = [sys.executable, str(script), str(table), "2", strategy]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = {line for line in done.stdout.splitlines() if line.startswith("VALUES")}
    assert len(lines) == 1, done.stdout
