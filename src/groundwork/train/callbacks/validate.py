"""Optimizer steps -> when to validate, exact also where several batches make a step."""

import sys
from collections.abc import Callable

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core.patches import accumulates
from groundwork.train.part import Part


class ValidateEvery(Callback):
    """Validate after every N optimizer steps or epochs, and after the last step or epoch of a phase, too.

    Lightning counts batches, of which the last step of an epoch may take fewer than the others.

    Args:
        steps: Part -> optimizer steps between validations; None validates after epochs.
        epochs: Between validations, where no steps are.
        ends: Tells whether the phase that trains ends with this epoch.
    """

    def __init__(
        self,
        steps: Callable[[Part], int | None],
        epochs: int = 1,
        ends: Callable[[Trainer], bool] = lambda _: False,
    ):
        self.steps, self.epochs, self.ends = steps, epochs, ends
        self.every: int | None = None

    def on_phase_start(self, part: Part) -> None:
        """Count for a new phase."""
        self.every = self.steps(part)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say whether the step after which a checkpoint was saved is one to validate after."""
        self._decide(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Decide before anything else asks."""
        self._decide(trainer)

    def _decide(self, trainer: Trainer) -> None:
        step = 0 if accumulates(trainer) else trainer.global_step
        ends = 0 < trainer.max_steps <= step
        if ends:
            trainer.val_check_batch, trainer.check_val_every_n_epoch = 1, 1
        elif self.every is not None:
            due = step > 0 and step % self.every == 0
            trainer.check_val_every_n_epoch = None
            trainer.val_check_batch = 1 if due else sys.maxsize
        elif trainer.check_val_every_n_epoch is None:  # a phase that is too short
            trainer.check_val_every_n_epoch, trainer.val_check_batch = 1, trainer.num_training_batches
        elif self.epochs > 1:
            trainer.check_val_every_n_epoch = 1 if self.ends(trainer) else self.epochs
