"""The best value so far, and signals that wait for the end of a step: what every callback that saves needs."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core import signals as stop
from groundwork.core.run_folder import RunFolder

LOSS = "val/loss"
LOWER = 1e-3  # share of itself by which a loss must fall to count as lower


class Still:
    """Tell whether a network learns while its monitor has not moved yet, by the loss on val.

    With few positives a network predicts one class for its first epochs: balanced accuracy stays at 0.5 while its
    probabilities improve.

    Args:
        mode: Whether less or more of the monitor is better, min or max.

    Attributes:
        value: Of the monitor in every validation so far; NaN once they differ, None before the first.
        lowest: Loss so far.
    """

    def __init__(self, mode: str):
        self.perfect = 1.0 if mode == "max" else 0.0
        self.value: float | None = None
        self.lowest = math.inf

    def holds(self, value: float, loss: float | None) -> bool:
        """Take one more validation: whether the monitor was as imperfect in all, and the loss is lower than ever."""
        first, same = self.value is None, value == self.value
        self.value = value if first or same else math.nan
        lower = loss is not None and _is_lower(loss, self.lowest)
        if loss is not None and lower:
            self.lowest = loss
        return same and lower and value != self.perfect

    def begin(self) -> None:
        """Forget what was, for a new phase."""
        self.value, self.lowest = None, math.inf

    def state(self) -> list[float | None]:
        """Give what `load` takes."""
        return [self.value, self.lowest]

    def load(self, state: Sequence[float | None] | None) -> None:
        """Go on from a checkpoint; one of before counts as moved."""
        value, lowest = state or (math.nan, math.inf)
        self.value, self.lowest = value, math.inf if lowest is None else lowest


def _is_lower(loss: float, lowest: float) -> bool:
    return loss < (lowest if math.isinf(lowest) else lowest - LOWER * abs(lowest))


def agreed(trainer: Trainer, wanted: bool) -> bool:
    """Tell whether any rank wants something that all of them then do."""
    if trainer.world_size == 1:
        return wanted
    return bool(trainer.strategy.reduce_boolean_decision(wanted, all=False))


class BestSoFar(Callback):
    """Remember the best value of the monitor; a value that is not a number is never best.

    Of equal values the first is best, unless the monitor has not moved at all: then that of the lowest loss on val.

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

    def improves(self, value: float, epoch: int, loss: float | None = None) -> bool:
        """Tell whether a value is better than all before, and remember it then.

        Args:
            value: Of the monitor.
            epoch: From 1.
            loss: On val, if there is one.
        """
        learns = self.still.holds(value, loss)
        better = learns or (math.isfinite(value) and self.sign * value > self.best_value)
        if better:
            self.best_value, self.best_epoch = self.sign * value, epoch
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best_value": self.best_value, "best_epoch": self.best_epoch, "still": self.still.state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best value of the checkpoint."""
        self.best_value, self.best_epoch = state_dict["best_value"], state_dict["best_epoch"]
        self.still.load(state_dict.get("still"))
