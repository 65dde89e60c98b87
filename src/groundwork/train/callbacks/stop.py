"""Validations without a better monitor -> the end of a phase."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping

from groundwork.train.callbacks.phases import Phases
from groundwork.train.checkpoint.best import LOSS, Still
from groundwork.train.part import Part


class EarlyStopping(LightningEarlyStopping):
    """End a phase after some validations without a better monitor, as Lightning's own ends a run, after a resume, too.

    A value that is not a number is never better, and does not end a phase by itself. A resumed run whose patience had
    run out before its checkpoint ends at once, and `patience` is that of today's configuration. Validations are not
    counted before the monitor has moved, as long as the loss on val falls.

    Args:
        monitor: Name of the metric with its split, such as `val/rmse`.
        mode: Whether less or more of it is better, min or max.
        patience: Validations without a better value before the phase ends.
        phases: Has it end.
        min_delta: Smallest change that counts as better.
    """

    def __init__(self, monitor: str, mode: str, patience: int, phases: Phases, min_delta: float = 0.0):
        super().__init__(
            monitor, min_delta, patience, mode=mode, check_finite=False, check_on_train_epoch_end=False
        )
        self.phases, self.still = phases, Still(mode)

    @property
    def state_key(self) -> str:
        """Name the state without the metric: a run has one such callback."""
        return "EarlyStopping"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the phase whose patience had run out before the checkpoint."""
        if self.wait_count >= self.patience:
            self.phases.end(trainer, pl_module)

    def on_phase_start(self, part: Part) -> None:
        """Begin to count anew."""
        self.wait_count, self.best_score = 0, torch.tensor(-self._sign * torch.inf)
        self.still.begin()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count, and end the phase where Lightning would end the run."""
        if self.monitor not in trainer.callback_metrics:
            return  # a module of the user's need not log anything
        loss = trainer.callback_metrics.get(LOSS)
        if self.still.holds(
            float(trainer.callback_metrics[self.monitor]), None if loss is None else float(loss)
        ):
            return
        stopping = trainer.should_stop
        super().on_validation_end(trainer, pl_module)
        if self.wait_count >= self.patience and not stopping:
            trainer.should_stop = False
            self.phases.end(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far, more being better, and for how many validations none has been better."""
        best = self._sign * float(self.best_score)
        return {"waited": self.wait_count, "best": best, "still": self.still.state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.wait_count = state_dict["waited"]
        self.still.load(state_dict.get("still"))
        self.best_score = torch.tensor(self._sign * state_dict["best"])

    @property
    def _sign(self) -> float:
        return 1.0 if self.mode == "max" else -1.0
