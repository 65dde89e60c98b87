"""Optimizer steps -> when to validate, exact also where several batches make a step."""

import sys

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core.patches import accumulates


class ValidateEvery(Callback):
    """Validate after every N optimizer steps, and after the last of `trainer.max_steps`.

    Lightning counts batches, of which the last step of an epoch may take fewer than the others.

    Args:
        every: Optimizer steps between validations; None leaves all but the last to Lightning.
    """

    def __init__(self, every: int | None):
        self.every = every

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
        if ends and self.every is None:
            trainer.val_check_batch, trainer.check_val_every_n_epoch = 1, 1
        elif self.every is not None:
            due = step > 0 and (ends or step % self.every == 0)
            trainer.val_check_batch = 1 if due else sys.maxsize
