"""When the epochs of a training end, seen from inside: set `groundwork.train.callbacks.history.ProgressBar` to it."""

from time import perf_counter
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from groundwork.train.callbacks.history import ProgressBar


def wait() -> float:
    """Give the time once a GPU, if there is one, has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter()


class Clock(ProgressBar):
    """Note the seconds per step of each epoch, from its second step on."""

    epochs: list[float] = []  # noqa: RUF012  # the callback is built inside the run; here its numbers come out

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if batch_idx == 0:
            self.began = wait()
        elif trainer.is_last_batch:
            Clock.epochs.append((wait() - self.began) / batch_idx)
