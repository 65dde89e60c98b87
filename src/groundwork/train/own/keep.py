"""What a module of the user's monitors -> the best checkpoint, and one to go on from per epoch."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities import CombinedLoader

from groundwork.core import signals as stop
from groundwork.core.console import Console
from groundwork.core.patches import logged_step, restart_epoch
from groundwork.core.run_folder import RunFolder
from groundwork.track.steps import STATE
from groundwork.train.checkpoint.best import BestSoFar, agreed
from groundwork.train.checkpoint.checkpoint import keep_previous
from groundwork.train.checkpoint.position import of_all_ranks, random_state, restore_random
from groundwork.train.part import Part


class KeepEpochs(BestSoFar):
    """Save `last.ckpt` when an epoch begins, and `best.ckpt` where the monitor is better than ever.

    What a module or a loader of the user's does inside an epoch, nobody can bring back; a stopped run goes on from the
    end of the last whole epoch with the same bits: generators of all ranks and of the loaders are put back.

    Args:
        folder: Of the run.
        console: Where to speak.
        monitor: Name of the metric; `OwnHistory` completes it.
        mode: Whether less or more of it is better, min or max.
        extra: Gives the plain values that every checkpoint holds beside Lightning's own.
        checkpoint: That the run goes on from.
    """

    def __init__(
        self,
        folder: RunFolder,
        console: Console,
        monitor: str,
        mode: str,
        extra: Callable[[], Mapping[str, Any]],
        checkpoint: Mapping[str, Any] | None,
    ):
        super().__init__(folder, monitor, mode)
        self.console, self.extra, self._loaded = console, extra, checkpoint
        self._finished = self._compared = False

    def on_phase_start(self, part: Part) -> None:
        """Begin with nothing; a run has one phase."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save what the epoch before left, or put it back where the run goes on from it."""
        if self._loaded is not None:
            self._restore(trainer, pl_module, self._loaded)
            self._loaded = None
        elif trainer.current_epoch:
            self._save_last(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """End the run after a step, if a signal came."""
        self._end_if_asked(trainer)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """End the run inside a validation, if a signal came."""
        if not trainer.sanity_checking:
            self._end_if_asked(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the best; all ranks go by the value of the first."""
        if trainer.sanity_checking or self.monitor not in trainer.callback_metrics:
            return
        self._compared = True
        value = float(trainer.strategy.broadcast(float(trainer.callback_metrics[self.monitor])))
        if self.improves(value, trainer.current_epoch + 1):
            trainer.save_checkpoint(self.folder.best)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write down that nothing is left to train; where nothing was compared, the last weights count.

        Raises:
            FloatingPointError: If no validation gave a finite number.
        """
        self._finished = True
        if not self.best_epoch and self._compared:
            raise FloatingPointError(f"{self.monitor} was never a finite number, so no epoch is best.")
        if not self.best_epoch:
            self.console.note(f"monitor={self.monitor} was not logged on val: the last weights count")
            self.best_epoch = trainer.current_epoch
            trainer.save_checkpoint(self.folder.best)
        self._save_last(trainer)
        self._signals.close()

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the generators of all ranks and loaders; every rank comes by here."""
        own = {
            "random": random_state(pl_module.device),
            "loaders": [draw.get_state() for draw in loader_generators(trainer.train_dataloader)],
        }
        checkpoint["ranks"] = of_all_ranks(own, trainer)
        checkpoint.update(self.extra(), finished=self._finished)
        checkpoint[STATE] = logged_step(trainer)  # this step is counted already

    def _restore(self, trainer: Trainer, pl_module: LightningModule, loaded: Mapping[str, Any]) -> None:
        ranks = loaded["ranks"]
        if len(ranks) == trainer.world_size:
            own = ranks[trainer.global_rank]
            restore_random(own["random"], pl_module.device)
            for draw, state in zip(loader_generators(trainer.train_dataloader), own["loaders"], strict=False):
                draw.set_state(state)
        restart_epoch(trainer)

    def _end_if_asked(self, trainer: Trainer) -> None:
        if agreed(trainer, stop.requested()):
            left = trainer.current_epoch
            where = f"from the end of epoch {left}" if left else "from the beginning"
            self.console.note(f"a module of your own goes on {where}: only whole epochs are saved")
            stop.end()

    def _save_last(self, trainer: Trainer) -> None:
        if trainer.is_global_zero:
            keep_previous(self.folder)
        trainer.save_checkpoint(self.folder.last)


def loader_generators(loaders: Any) -> list[torch.Generator]:
    """List the generators that loaders and their samplers draw from, other than the global ones."""
    return [draw for loader in CombinedLoader(loaders).flattened for draw in _generators(loader)]


def _generators(loader: Any) -> list[torch.Generator]:
    sampler = getattr(loader, "sampler", None)
    batch_sampler = getattr(getattr(loader, "batch_sampler", None), "sampler", None)
    found = [getattr(one, "generator", None) for one in (loader, sampler, batch_sampler)]
    distinct = {id(draw): draw for draw in found if isinstance(draw, torch.Generator)}
    return list(distinct.values())
