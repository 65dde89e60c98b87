"""Weights of every step -> their moving average, which follows closely at first and slowly later."""

from typing import Any

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from groundwork.core.ranges import check_range
from groundwork.train.part import Part


class WarmEMA(WeightAveraging):
    """Average weights and buffers exponentially over the steps; the average is validated and kept.

    At step t = 0, 1, ... the share of the average that stays is min(decay, (1 + t) / (10 + t)): a constant 0.999
    would still hold a third of the first step's weights after a thousand steps.

    Args:
        decay: In [0, 1), reached in the end; 0.999 averages over about a thousand steps.

    Source:
        `num_updates` of TensorFlow's `ExponentialMovingAverage` warms up by the same formula.
    """

    def __init__(self, decay: float):
        check_range("callbacks.ema.decay", decay, "[0, 1)")
        super().__init__(multi_avg_fn=self._average)
        self.decay, self._now = decay, 0.0
        self._first: int | None = None  # step at which the average began, anew with each phase

    def decay_at(self, step: int) -> float:
        """Tell which share of the average stays at a step, counted from 0."""
        return min(self.decay, (1 + step) / (10 + step))

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """Update after every optimizer step, whose number says how much the average keeps."""
        if step_idx is None:
            return False
        # The count of the averaged model lies on the device, and to read it would wait for all that is queued there.
        self._first = step_idx if self._first is None else self._first
        self._now = self.decay_at(step_idx - self._first)
        return True

    def on_phase_start(self, part: Part) -> None:
        """Warm up anew."""
        self._first = None

    def state_dict(self) -> dict[str, Any]:
        """Return where the average began, too."""
        return super().state_dict() | {"first": self._first}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on averaging; checkpoints of the first edition began with the run."""
        super().load_state_dict(state_dict)
        self._first = state_dict.get("first", 0)

    def _average(self, averaged: list[Tensor], current: list[Tensor], num_averaged: Tensor | int) -> None:
        update = get_ema_multi_avg_fn(self._now)  # type: ignore[no-untyped-call]  # torch leaves it without types
        update(averaged, current, num_averaged)
