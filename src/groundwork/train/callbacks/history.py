"""What happens beside the training loop: history rows and a bar."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.run_folder import RunFolder, plain
from groundwork.train.part import Part

BETWEEN_DRAWINGS = 0.1  # seconds, as rich draws


class History(Callback):
    """Write one row per validation into `history.csv`.

    The rows travel in the checkpoint, so that a resumed run drops those written after it.

    Args:
        folder: Of the run.
        rows: Of earlier phases of training.
        measure: Part and device -> metrics of the whole train split, by their names.
        train_metrics: Whether to measure the train split at each validation, too.
    """

    def __init__(
        self,
        folder: RunFolder,
        rows: list[dict[str, Any]],
        measure: Callable[[Part, torch.device], dict[str, float]],
        train_metrics: bool = False,
    ):
        self.path, self.rows = folder.history, rows
        self.measure_train = measure if train_metrics else None
        self.on_train: dict[str, float] = {}

    def on_phase_start(self, part: Part) -> None:
        """Note what trains."""
        self.part = part

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the train split while the weights are those that are validated, averaged ones too."""
        if self.measure_train is not None and trainer.is_global_zero and not trainer.sanity_checking:
            self.on_train = self.measure_train(self.part, pl_module.device)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add a row."""
        if trainer.sanity_checking:
            return
        row: dict[str, Any] = {
            "phase": self.part.number,
            "epoch": trainer.current_epoch + 1,
            "step": trainer.global_step,
        }
        row |= {name: float(value) for name, value in trainer.callback_metrics.items()}
        row |= {f"train/{name}": value for name, value in self.on_train.items()}
        self.rows.append(plain(row))
        if trainer.is_global_zero:
            write_history(self.path, self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the rows up to the checkpoint."""
        self.rows[:] = state_dict["rows"]


def write_history(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write `history.csv`, train columns before val columns."""
    table = pd.DataFrame(rows)
    names = sorted(table.columns, key=lambda name: ("/" in name, not name.startswith("train/")))
    write_text(path, table[names].to_csv(index=False))


class ProgressBar(Callback):
    """Show steps, time left and the monitored metric while training.

    Args:
        console: Where to.
        monitor: Name of the metric with its split.
    """

    def __init__(self, console: Console, monitor: str):
        self.console, self.monitor, self.title = console, monitor, "training"
        self._stack, self._due = ExitStack(), 0.0

    def on_phase_start(self, part: Part) -> None:
        """Name what is trained."""
        self.title = part.title

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar."""
        if trainer.is_global_zero:
            self.advance = self._stack.enter_context(self.console.progress(self.title, "steps"))
            batches = float(trainer.num_training_batches)  # infinite for a loader without a length
            steps = int(trainer.max_epochs or 1) * batches // max(trainer.accumulate_grad_batches, 1)
            self.total = int(steps) if math.isfinite(steps) else None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar, if it has been drawn since it last moved."""
        now = monotonic()
        if now >= self._due and trainer.is_global_zero:
            self.advance.move(trainer.global_step, self.total)
            self._due = now + BETWEEN_DRAWINGS

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the metric."""
        known = self.monitor in trainer.callback_metrics  # a module of the user's need not log anything
        if known and trainer.is_global_zero and not trainer.sanity_checking:
            value = float(trainer.callback_metrics[self.monitor])
            name = self.monitor.removeprefix("val/")
            self.advance.describe(f"{self.title}, val {name} {value:.4g}")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        self._stack.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the bar, so that the error is readable."""
        self._stack.close()
