"""When a checkpoint is written: at each validation, every few minutes, and before a signal ends the run."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.lr_scheduler import ReduceLROnPlateau

from groundwork.core import signals as stop
from groundwork.core.patches import accumulates, validates_now
from groundwork.core.run_folder import RunFolder
from groundwork.task.phases import callbacks_of
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.checkpoint.best import LOSS, BestSoFar, agreed
from groundwork.train.checkpoint.checkpoint import keep_previous
from groundwork.train.checkpoint.position import Position
from groundwork.train.part import Part


class KeepBestAndLast(BestSoFar):
    """Save `last.ckpt` at each validation and in between, and `best.ckpt` where the monitor is better than ever.

    A value that is not a number is never best. A signal ends the run after a checkpoint: at the end of an
    optimizer step, or inside a validation, which the resumed run begins again.

    Args:
        folder: Of the run.
        monitor: Name of the metric with its split, such as `val/rmse`.
        mode: Whether less or more of it is better, min or max.
        minutes: Longest time between two checkpoints; None saves at validations only.
        extra: Gives the plain values that every checkpoint holds beside Lightning's own.
        position: Completes the checkpoints.
    """

    def __init__(
        self,
        folder: RunFolder,
        monitor: str,
        mode: str,
        minutes: float | None,
        extra: Callable[[], Mapping[str, Any]],
        position: Position,
    ):
        super().__init__(folder, monitor, mode)
        self.minutes, self.extra, self.position = minutes, extra, position
        self._saved = time.monotonic()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let signals wait for the end of a step, and count the minutes from here."""
        super().on_train_start(trainer, pl_module)
        self._saved = time.monotonic()

    def on_phase_start(self, part: Part) -> None:
        """Look for the best of a new phase."""
        self.best_value, self.best_epoch = -math.inf, 0
        self.still.begin()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save between validations, at the end of an optimizer step."""
        wanted, ends = self._agreed(trainer)
        loop: Any = trainer.fit_loop.epoch_loop
        if not wanted or accumulates(trainer):
            return
        validates = validates_now(trainer)
        if validates and not ends:
            return  # the validation saves in a moment
        if loop.batch_progress.is_last_batch and not validates:
            return  # between two epochs Lightning's counters name no place to restart from: one step later
        for callback in callbacks_of(trainer):
            if isinstance(callback, CheckFinite):
                callback.look()
        self._save_last(trainer, inside=True, validates=validates)
        if ends:
            stop.end()

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Save what the validation began with, if a signal came."""
        if trainer.sanity_checking or not self._agreed(trainer)[1]:
            return
        for callback in callbacks_of(trainer):
            if isinstance(callback, WeightAveraging):
                callback.on_validation_epoch_end(trainer, pl_module)  # the weights that train, not their mean
        self._save_last(trainer, inside=True, validates=True)
        stop.end()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare, lower the rate and save."""
        if trainer.sanity_checking:
            return
        value = float(trainer.callback_metrics[self.monitor])
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, ReduceLROnPlateau):
                config.scheduler.step(value)  # before the checkpoint, which Lightning would do after it
        loss = trainer.callback_metrics.get(LOSS)
        if self.improves(value, trainer.current_epoch + 1, None if loss is None else float(loss)):
            self._save(trainer, self.folder.best, inside=False, validates=False)
        self._save_last(trainer, inside=False, validates=False)
        if self._agreed(trainer)[1]:
            stop.end()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let signals end the run at once again."""
        self._signals.close()

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what `predict` and `export` need to know."""
        checkpoint.update(self.extra(), has_best=self.best_epoch > 0)

    def _agreed(self, trainer: Trainer) -> tuple[bool, bool]:
        """Say whether any rank wants a checkpoint, and whether any was asked to stop."""
        ends = agreed(trainer, stop.requested())
        late = self.minutes is not None and time.monotonic() - self._saved >= 60 * self.minutes
        return agreed(trainer, late) or ends, ends

    def _save_last(self, trainer: Trainer, inside: bool, validates: bool) -> None:
        if trainer.is_global_zero:
            keep_previous(self.folder)
        self._save(trainer, self.folder.last, inside, validates)
        self._saved = time.monotonic()

    def _save(self, trainer: Trainer, path: Any, inside: bool, validates: bool) -> None:
        self.position.inside, self.position.validates = inside, validates
        trainer.save_checkpoint(path)
