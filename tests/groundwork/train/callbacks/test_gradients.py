"""Histograms of the gradients go to the loggers that show them; without one the run is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader, TensorDataset

from groundwork.core.errors import UserError
from groundwork.core.noise import silence
from groundwork.track import TensorBoard
from groundwork.train import Gradients


class Line(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(3, 2)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.line(batch[0]).sum()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(logger: Any) -> None:
    silence()
    options: dict[str, Any] = {"enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(
        accelerator="cpu",
        max_steps=3,
        logger=logger,
        callbacks=[Gradients(2)],
        enable_model_summary=False,
        **options,
    )
    trainer.fit(Line(), DataLoader(TensorDataset(torch.ones(4, 3)), batch_size=1))


def test_every_second_step_has_a_histogram_of_each_parameter(tmp_path: Path):
    fit(TensorBoard(str(tmp_path)))
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"histograms": 0}).Reload()
    histograms = events.Histograms("gradients/line.weight")
    assert [one.step for one in histograms] == [0, 2]
    assert histograms[0].histogram_value.num == 6
    assert histograms[0].histogram_value.sum == pytest.approx(
        6, rel=0.2
    )  # each gradient is 1, within its bin


def test_without_a_logger_for_it_the_run_is_refused():
    with pytest.raises(UserError, match="logger=tensorboard"):
        fit(False)
