"""What happens beside the training loop: history rows, the best and the last checkpoint, early stopping, a bar."""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.run.folder import plain, write_text
from groundwork.run.screen import Screen


class History(Callback):
    """Write one row per validation into `history.csv`.

    The rows travel in the checkpoint, so that a resumed run drops those written after it.

    Args:
        path: Of the file.
        rows: Of earlier phases of training.
        phase: Number of this phase, from 1.
    """

    def __init__(self, path: Path, rows: list[dict[str, Any]], phase: int):
        self.path, self.rows, self.phase = path, rows, phase

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add a row."""
        if trainer.sanity_checking:
            return
        row: dict[str, Any] = {
            "phase": self.phase,
            "epoch": trainer.current_epoch + 1,
            "step": trainer.global_step,
        }
        row |= {name: float(value) for name, value in trainer.callback_metrics.items()}
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


class KeepBestAndLast(Callback):
    """Save `last.ckpt` at each validation, and `best.ckpt` where the monitor is better than ever.

    A value that is not a number is never best.

    Args:
        best, last: Paths of the checkpoints.
        monitor: Name of the metric with its split, such as `val/rmse`.
        direction: Whether more or less of it is better.
        patience: Validations without a better value before training stops; None never stops.
        extra: Plain values that every checkpoint holds beside Lightning's own.
    """

    def __init__(
        self,
        best: Path,
        last: Path,
        monitor: str,
        direction: Literal["max", "min"],
        patience: int | None,
        extra: Mapping[str, Any],
    ):
        self.best, self.last, self.monitor, self.patience = best, last, monitor, patience
        self.sign = 1.0 if direction == "max" else -1.0
        self.extra = extra
        self.best_value, self.best_epoch, self.waited = -math.inf, 0, 0

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare, save and stop."""
        if trainer.sanity_checking:
            return
        value = self.sign * float(trainer.callback_metrics[self.monitor])
        improved = math.isfinite(value) and value > self.best_value
        if improved:
            self.best_value, self.best_epoch, self.waited = value, trainer.current_epoch + 1, 0
        else:
            self.waited += 1
        if self.patience is not None and self.waited >= self.patience:
            trainer.should_stop = True
        if improved:
            trainer.save_checkpoint(self.best)
        trainer.save_checkpoint(self.last)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what `predict` and `export` need to know."""
        checkpoint.update(self.extra)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best_value": self.best_value, "best_epoch": self.best_epoch, "waited": self.waited}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best value of the checkpoint."""
        self.best_value = state_dict["best_value"]
        self.best_epoch, self.waited = state_dict["best_epoch"], state_dict["waited"]


class CheckFinite(Callback):
    """Stop when the loss is no longer a finite number, naming epoch, step and samples.

    Args:
        every: Steps between looks; each look waits for the device.
        sample_ids: (N,) names of the samples, by row.
    """

    def __init__(self, every: int, sample_ids: pd.Series):
        self.every, self.sample_ids = every, sample_ids

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss of this step."""
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
        if trainer.global_step % self.every == 0 and not bool(torch.isfinite(loss)):
            names = ", ".join(self.sample_ids.iloc[batch.index.tolist()].head(5))
            raise FloatingPointError(
                f"the loss is {float(loss)} in epoch {trainer.current_epoch + 1}, step {trainer.global_step} "
                f"(samples {names}, ...). Lower optim.lr, or set trainer.gradient_clip=1."
            )


class ProgressBar(Callback):
    """Show steps, time left and the monitored metric while training.

    Args:
        screen: Where to.
        monitor: Name of the metric with its split.
        title: What is trained.
    """

    def __init__(self, screen: Screen, monitor: str, title: str):
        self.screen, self.monitor, self.title = screen, monitor, title
        self._stack = ExitStack()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar."""
        if trainer.is_global_zero:
            self.advance = self._stack.enter_context(self.screen.progress(self.title, "steps"))
            self.total = int(trainer.max_epochs or 1) * int(trainer.num_training_batches)
            self.total //= max(trainer.accumulate_grad_batches, 1)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar."""
        if trainer.is_global_zero:
            self.advance(trainer.global_step, self.total)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the metric."""
        if trainer.is_global_zero and not trainer.sanity_checking:
            value = float(trainer.callback_metrics[self.monitor])
            name = self.monitor.removeprefix("val/")
            self.advance.describe(f"{self.title}, val {name} {value:.4g}")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        self._stack.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the bar, so that the error is readable."""
        self._stack.close()
