"""Validations without a better monitor -> the end of training."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping


class EarlyStopping(LightningEarlyStopping):
    """Stop after some validations without a better monitor, as Lightning's own does, and exactly so after a resume.

    A value that is not a number is never better, and does not end training by itself. A resumed run whose patience had
    run out before its checkpoint ends at once, and `patience` is that of today's configuration.

    Args:
        monitor: Name of the metric with its split, such as `val/rmse`.
        mode: Whether less or more of it is better, min or max.
        patience: Validations without a better value before training stops.
        min_delta: Smallest change that counts as better.
    """

    def __init__(self, monitor: str, mode: str, patience: int, min_delta: float = 0.0):
        super().__init__(
            monitor, min_delta, patience, mode=mode, check_finite=False, check_on_train_epoch_end=False
        )

    @property
    def state_key(self) -> str:
        """Name the state without the metric: a run has one such callback."""
        return "EarlyStopping"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop where patience had run out before the checkpoint."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far, more being better, and for how many validations none has been better."""
        return {"waited": self.wait_count, "best": self._sign * float(self.best_score)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.wait_count = state_dict["waited"]
        self.best_score = torch.tensor(self._sign * state_dict["best"])

    @property
    def _sign(self) -> float:
        return 1.0 if self.mode == "max" else -1.0
