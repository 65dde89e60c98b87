"""Schedules of torch, of timm and of one's own -> what Lightning steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from timm.scheduler import create_scheduler_v2  # type: ignore[attr-defined]  # timm names no __all__
from timm.scheduler.plateau_lr import PlateauLRScheduler
from timm.scheduler.scheduler import Scheduler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice, check_range
from groundwork.optim.optimizer import check_options
from groundwork.optim.schedule import on_plateau

TOTAL = "total_steps"  # as a value: the number of optimizer steps of this training
TIMM_NAMES = ("cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant")
# Lengths, which timm counts in epochs: here they are shares of all steps.
SHARES = ("decay_epochs", "decay_milestones", "cooldown_epochs", "stable_timescale")


@dataclass(frozen=True)
class AnySchedule:
    """Build any schedule: make(optimizer, **options) -> a scheduler of torch or timm.

    Args:
        make: Class or function.
        options: What it takes beside the optimizer; `total_steps` as a value stands for the number of steps.
        interval: step or epoch; None is step where an option is `total_steps`, else epoch.
        frequency: Of these intervals, after which the rate changes.
    """

    make: Callable[..., Any]
    options: Mapping[str, Any]
    interval: str | None = None
    frequency: int = 1

    def __post_init__(self) -> None:
        check_choice("schedule.interval", self.interval, (None, "step", "epoch"))
        check_range("schedule.frequency", self.frequency, "[1, inf)", whole=True)
        check_options("schedule", self.make, self.options)
        if self.interval == "epoch" and TOTAL in self.options.values():
            raise UserError(
                f"schedule.interval must be step, because an option is {TOTAL}, but got epoch. Use "
                "schedule.interval=step."
            )

    def __call__(self, optimizer: Optimizer, total_steps: int, monitor: str, mode: str) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler` for T optimizer steps."""
        options: dict[str, Any] = {
            key: total_steps if value == TOTAL else value for key, value in self.options.items()
        }
        make: Any = self.make
        if isinstance(make, type) and issubclass(make, ReduceLROnPlateau):
            if self.interval is not None or self.frequency != 1:
                raise UserError(
                    "schedule.interval and schedule.frequency have no effect on ReduceLROnPlateau, which looks at each "
                    "validation. Leave them out, or set schedule.patience."
                )
            return on_plateau(make(optimizer, **{"mode": mode, **options}), monitor)
        if isinstance(inner := options.get("schedulers"), list):  # of SequentialLR and ChainedScheduler
            options["schedulers"] = [each(optimizer=optimizer) for each in inner]
        scheduler = make(optimizer=optimizer, **options)
        if isinstance(scheduler, Scheduler):
            scheduler = TimmRate(optimizer, scheduler)
        by_step = self.interval == "step" or (self.interval is None and TOTAL in self.options.values())
        return {
            "scheduler": Paced(scheduler, self.frequency),
            "interval": "step",
            "counts_epochs": not by_step,  # the task knows how many steps one has
        }


class TimmSchedule:
    """Build a schedule by the name that timm gives it.

    Args:
        name: cosine, tanh, step, multistep, poly, wsd, rsqrt or constant.
        warmup: Share of all steps, in [0, 1).
        options: What else `timm.scheduler.create_scheduler_v2` takes; lengths in epochs are shares of all steps here.
    """

    def __init__(self, name: str, warmup: float, **options: Any):
        check_choice("schedule.name", name, TIMM_NAMES)
        check_range("schedule.warmup", warmup, "[0, 1)")
        check_options("schedule", create_scheduler_v2, options)
        self.name, self.warmup, self.options = name, warmup, options

    def __call__(self, optimizer: Optimizer, total_steps: int, monitor: str, mode: str) -> dict[str, Any]:
        """Build Lightning's `lr_scheduler` for T optimizer steps."""
        options = {
            key: _steps(value, total_steps) if key in SHARES else value for key, value in self.options.items()
        }
        warm = round(self.warmup * total_steps)
        scheduler, _ = create_scheduler_v2(
            optimizer, sched=self.name, num_epochs=total_steps, warmup_epochs=warm, **options
        )
        return {"scheduler": TimmRate(optimizer, scheduler), "interval": "step"}


class TimmRate(LRScheduler):
    """Let a scheduler of timm, which is told the time, count it as one of torch does."""

    def __init__(self, optimizer: Optimizer, schedule: Scheduler):
        if isinstance(schedule, PlateauLRScheduler):
            raise UserError("timm's PlateauLRScheduler is not supported. Use schedule=plateau.")
        self.schedule = schedule
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Any]:
        """Ask timm for the rates at this time."""
        step = self.schedule.step if self.schedule.t_in_epochs else self.schedule.step_update
        step(self.last_epoch)
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return the time alone: timm's rates follow from it."""
        return {key: value for key, value in super().state_dict().items() if key != "schedule"}


class Paced(LRScheduler):
    """Step a scheduler at every n-th optimizer step.

    Lightning steps those that count epochs after the checkpoint, and not at all after a resume.
    """

    def __init__(self, scheduler: LRScheduler, every: int):
        self.scheduler, self.every, self.count = scheduler, every, 0
        self.optimizer = scheduler.optimizer

    def step(self, epoch: int | None = None) -> None:
        """Count a step."""
        self.count += 1
        if self.count % self.every == 0:
            self.scheduler.step()

    def get_last_lr(self) -> list[float | Any]:
        """Return the rates of the groups."""
        return self.scheduler.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Return the count and the state of the scheduler."""
        return {"count": self.count, "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a count."""
        self.count = state_dict["count"]
        self.scheduler.load_state_dict(state_dict["scheduler"])


def _steps(share: Any, total: int) -> Any:
    if isinstance(share, list | tuple):
        return [_steps(each, total) for each in share]
    check_range("schedule lengths", share, "[0, 1]")
    return max(1, round(share * total))
