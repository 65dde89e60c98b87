"""The best value so far, and signals that wait for the end of a step: what every callback that saves needs."""

import math
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core import signals as stop
from groundwork.core.run_folder import RunFolder


class Still:
    """Tell whether a monitor has not moved yet: it says nothing then, and the network may learn all the same.

    With few positives a network predicts one class for its first epochs: balanced accuracy stays at 0.5 while its
    probabilities improve.

    Args:
        mode: Whether less or more of it is better, min or max.

    Attributes:
        value: Of every validation so far; NaN once they differ, None before the first.
    """

    def __init__(self, mode: str):
        self.perfect = 1.0 if mode == "max" else 0.0
        self.value: float | None = None

    def holds(self, value: float) -> bool:
        """Take one more validation: whether it and all before it gave the same imperfect value."""
        first, same = self.value is None, value == self.value
        self.value = value if first or same else math.nan
        return same and value != self.perfect


class BestSoFar(Callback):
    """Remember the best value of the monitor; a value that is not a number is never best.

    Of equal values the first is best, unless the monitor has not moved at all: then the last.

    Args:
        folder: Of the run.
        monitor: Name of the metric.
        mode: Whether less or more of it is better, min or max.
    """

    def __init__(self, folder: RunFolder, monitor: str, mode: str):
        self.folder, self.monitor = folder, monitor
        self.sign = 1.0 if mode == "max" else -1.0
        self.best_value, self.best_epoch = -math.inf, 0
        self.still = Still(mode)
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
        better = self.still.holds(value) or (math.isfinite(value) and self.sign * value > self.best_value)
        if better:
            self.best_value, self.best_epoch = self.sign * value, epoch
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best_value": self.best_value, "best_epoch": self.best_epoch, "still": self.still.value}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best value of the checkpoint."""
        self.best_value, self.best_epoch = state_dict["best_value"], state_dict["best_epoch"]
        self.still.value = state_dict.get("still", math.nan)
