"""The best value so far, and signals that wait for the end of a step: what every callback that saves needs."""

import math
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core import signals as stop
from groundwork.core.run_folder import RunFolder


class BestSoFar(Callback):
    """Remember the best value of the monitor; a value that is not a number is never best.

    Args:
        folder: Of the run.
        monitor: Name of the metric.
        mode: Whether less or more of it is better, min or max.
    """

    def __init__(self, folder: RunFolder, monitor: str, mode: str):
        self.folder, self.monitor = folder, monitor
        self.sign = 1.0 if mode == "max" else -1.0
        self.best_value, self.best_epoch = -math.inf, 0
        self._signals = ExitStack()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let signals wait for the end of a step."""
        self._signals.enter_context(stop.waiting())
        stop.handle()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Let signals end the run at once again."""
        self._signals.close()

    def improves(self, value: float, epoch: int) -> bool:
        """Tell whether a value is better than all before, and remember it then."""
        better = math.isfinite(value) and self.sign * value > self.best_value
        if better:
            self.best_value, self.best_epoch = self.sign * value, epoch
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best_value": self.best_value, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best value of the checkpoint."""
        self.best_value, self.best_epoch = state_dict["best_value"], state_dict["best_epoch"]
