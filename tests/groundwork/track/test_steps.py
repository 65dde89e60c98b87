"""`steps.csv` and the curves that every logger gets, under a bare Trainer of Lightning."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from groundwork.core.noise import silence
from groundwork.track.steps import StepCurves, StepsFile, steps_before


class Line(LightningModule):
    """Fit a line, and log a number of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(1, 1)
        self.losses: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = (self.line(batch[0]) ** 2).mean()
        self.losses.append(float(loss.detach()))
        self.log("seen", float(self.global_step), on_step=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", (self.line(batch[0]) ** 2).mean())

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Killed(Callback):
    """Save a checkpoint after some steps, and end without a word some steps later."""

    def __init__(self, path: Path, save: int, end: int):
        self.path, self.save, self.end = path, save, end

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == self.save:
            trainer.save_checkpoint(self.path)
        if trainer.global_step == self.end:
            raise RuntimeError("killed")


def loader() -> Any:
    return DataLoader(TensorDataset(torch.linspace(-1, 1, 8)[:, None]), batch_size=1, num_workers=0)


def train(
    folder: Path, *callbacks: Callback, resume: Path | None = None, first: int = 0, **options: Any
) -> Line:
    silence()
    torch.manual_seed(0)
    module = Line()
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=2,
        logger=[CSVLogger(folder, flush_logs_every_n_steps=1), StepsFile(folder / "steps.csv")],
        callbacks=[StepCurves(first), *callbacks],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **({"log_every_n_steps": 2} | options),
    )
    trainer.fit(module, loader(), loader(), ckpt_path=resume, weights_only=True if resume else None)
    return module


def test_a_row_per_logged_step_has_loss_rate_and_what_the_module_logs(tmp_path: Path):
    module = train(tmp_path, LearningRateMonitor())
    steps = pd.read_csv(tmp_path / "steps.csv")
    assert steps.step.tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    assert steps.epoch.tolist() == [1] * 4 + [2] * 4
    assert steps["train/loss"].tolist() == pytest.approx([module.losses[step - 1] for step in steps.step])
    assert steps.lr.tolist() == pytest.approx([0.1 * 0.5 ** (step - 1) for step in steps.step])
    assert steps["lr-SGD"].tolist() == pytest.approx(steps.lr.tolist())  # of a callback of Lightning's
    assert steps.seen.tolist() == [step - 1 for step in steps.step]
    assert not any(name.startswith("val/") for name in steps)


def test_other_loggers_get_step_curves_and_validations_at_lightnings_steps(tmp_path: Path):
    train(tmp_path)
    rows = pd.read_csv(tmp_path / "lightning_logs" / "version_0" / "metrics.csv")
    assert rows.dropna(subset="lr").step.tolist() == [1, 3, 5, 7, 9, 11, 13, 15]  # Lightning counts from 0
    assert rows.dropna(subset="val/loss").step.tolist() == [7, 15]
    assert rows.dropna(subset="train/loss_step").step.tolist() == rows.dropna(subset="lr").step.tolist()


def test_accumulated_batches_are_one_step_with_the_loss_of_the_last(tmp_path: Path):
    module = train(tmp_path, accumulate_grad_batches=2)
    steps = pd.read_csv(tmp_path / "steps.csv")
    assert steps.step.tolist() == [2, 4, 6, 8]
    assert steps["train/loss"].tolist() == pytest.approx([module.losses[2 * step - 1] for step in steps.step])


@pytest.mark.parametrize("save", [3, 4, 8])
def test_a_resumed_run_has_no_row_twice_and_none_is_missing(tmp_path: Path, save: int):
    train(tmp_path / "whole")
    killed = Killed(tmp_path / "last.ckpt", save, save + 3)
    with pytest.raises(RuntimeError, match="killed"):
        train(tmp_path / "killed", killed)
    train(tmp_path / "killed", resume=tmp_path / "last.ckpt")
    # A loader of torch begins its epoch anew, so the losses are others.
    whole, resumed = (
        pd.read_csv(tmp_path / name / "steps.csv").drop(columns="train/loss") for name in ("whole", "killed")
    )
    pd.testing.assert_frame_equal(whole, resumed)


def test_a_later_phase_counts_on_and_forgets_what_it_left_before(tmp_path: Path):
    train(tmp_path, max_steps=6)
    train(tmp_path, first=6, max_steps=4)
    train(tmp_path, first=6, max_steps=2)  # killed before its first checkpoint, and begun again
    assert pd.read_csv(tmp_path / "steps.csv").step.tolist() == [2, 4, 6, 8]


def test_a_half_written_row_is_dropped(tmp_path: Path):
    file = StepsFile(tmp_path / "steps.csv")
    file.path.write_text("epoch,step,lr\n1,2,0.5\n1,4,0.")
    file.begin(4)
    assert file.path.read_text() == "epoch,step,lr\n1,2,0.5\n"


def test_a_column_that_comes_late_is_empty_before(tmp_path: Path):
    file = StepsFile(tmp_path / "steps.csv")
    for step in (1, 2, 3):
        file.open(1, step)
        file.log_metrics({"lr": 0.5, "epoch": 0} | ({"late": 2.0} if step > 1 else {}), step)
    file.close()
    file.log_metrics({"val/loss": 1.0}, 3)
    assert file.path.read_text() == "epoch,step,lr,late\n1,1,0.5,\n1,2,0.5,2.0\n1,3,0.5,2.0\n"


def test_steps_of_earlier_phases_are_those_of_their_last_validations():
    rows = [{"strength": 1.0}, *({"phase": phase, "step": step} for phase, step in [(1, 5), (1, 9), (2, 4)])]
    assert steps_before(rows) == 13
