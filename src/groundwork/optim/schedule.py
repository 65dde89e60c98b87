"""An optimizer and a number of steps -> how its rates move, in Lightning's terms."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau

from groundwork.core.ranges import check_range


@dataclass(frozen=True)
class Cosine:
    """Rise linearly over the warm-up, then fall along half a cosine.

    f(t) = (t + 1) / w                                                     for t < w
    f(t) = final + (1 - final) (1 + cos(pi (t - w) / (T - w))) / 2         after it

    Args:
        warmup: w / T, in [0, 1).
        final: Last rate as a share of the first.

    Source:
        Loshchilov and Hutter, ICLR 2017, arXiv:1608.03983, equation 5.
    """

    warmup: float
    final: float

    def __post_init__(self) -> None:
        check_range("schedule.warmup", self.warmup, "[0, 1)")
        check_range("schedule.final", self.final, "[0, 1]")

    def __call__(self, optimizer: Optimizer, total_steps: int, monitor: str, mode: str) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler` for T optimizer steps."""
        warm = round(self.warmup * total_steps)

        def factor(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            progress = min(1.0, (step - warm) / max(1, total_steps - warm))
            return self.final + (1 - self.final) * (1 + math.cos(math.pi * progress)) / 2

        return _by_step(optimizer, factor)


@dataclass(frozen=True)
class Constant:
    """Rise linearly over the warm-up, then stay.

    Args:
        warmup: Share of all steps, in [0, 1).
    """

    warmup: float

    def __post_init__(self) -> None:
        check_range("schedule.warmup", self.warmup, "[0, 1)")

    def __call__(self, optimizer: Optimizer, total_steps: int, monitor: str, mode: str) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler` for T optimizer steps."""
        warm = round(self.warmup * total_steps)
        return _by_step(optimizer, lambda step: min(1.0, (step + 1) / max(1, warm)))


@dataclass(frozen=True)
class OneCycle:
    """Rise to the rate and fall far below it, momentum the other way round.

    Args:
        warmup: Share of all steps until the peak, in (0, 1).
        initial: First rate as a share of the peak.
        final: Last rate as a share of the first.

    Source:
        Smith and Topin, 2018, arXiv:1708.07120.
    """

    warmup: float
    initial: float
    final: float

    def __post_init__(self) -> None:
        check_range("schedule.warmup", self.warmup, "(0, 1)")
        check_range("schedule.initial", self.initial, "(0, 1]")
        check_range("schedule.final", self.final, "(0, 1]")

    def __call__(self, optimizer: Optimizer, total_steps: int, monitor: str, mode: str) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler` for T optimizer steps."""
        scheduler = OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=total_steps,
            # torch divides by the steps of the rise less one
            pct_start=self.warmup + (1e-3 / total_steps if math.isclose(self.warmup * total_steps, 1) else 0),
            div_factor=1 / self.initial,
            final_div_factor=1 / self.final,
        )
        return {"scheduler": scheduler, "interval": "step"}


@dataclass(frozen=True)
class Plateau:
    """Multiply the rate by a factor whenever the monitored metric stops improving.

    Args:
        factor: In (0, 1).
        patience: Validations without improvement.
    """

    factor: float
    patience: int

    def __post_init__(self) -> None:
        check_range("schedule.factor", self.factor, "(0, 1)")
        check_range("schedule.patience", self.patience, "[0, inf)")

    def __call__(
        self, optimizer: Optimizer, total_steps: int, monitor: str, mode: Literal["min", "max"]
    ) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler`, which the run steps at each validation, before it saves."""
        scheduler = ReduceLROnPlateau(optimizer, mode=mode, factor=self.factor, patience=self.patience)
        return on_plateau(scheduler, monitor)


def on_plateau(scheduler: ReduceLROnPlateau, monitor: str) -> dict[str, Any]:
    """Describe a scheduler that the run steps at each validation, before it saves.

    Lightning would step it after the checkpoint, and not at all after a resume: so never, as it seems.
    """
    return {
        "scheduler": scheduler,
        "interval": "epoch",
        "frequency": sys.maxsize,
        "monitor": f"val/{monitor}",
    }


def _by_step(optimizer: Optimizer, factor: Callable[[int], float]) -> dict[str, Any]:
    return {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}
