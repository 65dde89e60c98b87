import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from groundwork.core.errors import UserError
from groundwork.optim import AnySchedule, Constant, Cosine, OneCycle, Plateau, TimmSchedule


def rates(schedule: Callable[..., dict[str, Any]], total: int, lr: float = 0.1) -> list[float]:
    """Rate of each optimizer step."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [parameter], "lr": lr}], momentum=0.9)
    described = schedule(optimizer, total, "accuracy", "max")
    assert described["interval"] == "step"
    seen = []
    for _ in range(total):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        described["scheduler"].step()
    return seen


def test_cosine_rises_linearly_and_falls_along_a_cosine() -> None:
    seen = rates(Cosine(warmup=0.2, final=0.1), 10)
    assert seen[:2] == [pytest.approx(0.05), pytest.approx(0.1)]
    expected = [0.1 * (0.1 + 0.9 * (1 + math.cos(math.pi * (step - 2) / 8)) / 2) for step in range(2, 10)]
    assert seen[2:] == pytest.approx(expected)


def test_cosine_without_warmup_starts_at_the_rate() -> None:
    assert rates(Cosine(warmup=0.0, final=0.0), 4) == pytest.approx(
        [0.1, 0.1 * (1 + math.cos(math.pi / 4)) / 2, 0.05, 0.1 * (1 + math.cos(3 * math.pi / 4)) / 2]
    )


def test_one_step_of_cosine_learns() -> None:
    assert rates(Cosine(warmup=0.05, final=0.0), 1) == [pytest.approx(0.1)]


def test_constant_stays_after_its_warmup() -> None:
    assert rates(Constant(warmup=0.0), 3) == pytest.approx([0.1] * 3)
    assert rates(Constant(warmup=0.5), 4) == pytest.approx([0.05, 0.1, 0.1, 0.1])


def test_one_cycle_peaks_at_the_rate_and_ends_far_below() -> None:
    seen = rates(OneCycle(warmup=0.3, initial=0.04, final=1e-3), 101)
    assert seen[0] == pytest.approx(0.1 * 0.04)
    assert max(seen) == pytest.approx(0.1, rel=1e-3)
    assert seen.index(max(seen)) in (29, 30)
    assert seen[-1] == pytest.approx(0.1 * 0.04 * 1e-3)


@pytest.mark.parametrize("schedule", [Cosine(0.1, 0.01), OneCycle(0.3, 0.04, 1e-4), Constant(0.2)])
def test_each_group_keeps_its_share_of_the_rate(schedule: Callable[..., dict[str, Any]]) -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.02)]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    scheduler = schedule(optimizer, 7, "loss", "min")["scheduler"]
    for _ in range(7):
        first, second = (group["lr"] for group in optimizer.param_groups)
        assert second == pytest.approx(0.2 * first)
        optimizer.step()
        scheduler.step()


def test_plateau_lowers_the_rate_when_the_monitor_stalls() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    described = Plateau(factor=0.1, patience=1)(optimizer, 100, "accuracy", "max")
    assert described["monitor"] == "val/accuracy"
    seen = []
    for accuracy in (0.5, 0.6, 0.6, 0.6, 0.7):
        described["scheduler"].step(accuracy)
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1])


def test_state_is_plain() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    state = Cosine(0.1, 0.0)(optimizer, 10, "loss", "min")["scheduler"].state_dict()
    assert all(isinstance(value, int | float | bool | list | None) for value in state.values())


@pytest.mark.parametrize(("warmup", "total"), [(0.5, 2), (0.25, 4), (0.1, 10)])
def test_one_cycle_that_rises_within_its_first_step_is_no_division_by_nothing(
    warmup: float, total: int
) -> None:
    seen = rates(OneCycle(warmup=warmup, initial=0.1, final=0.01), total)
    assert all(math.isfinite(rate) and 0 < rate <= 0.1 + 1e-9 for rate in seen)


def test_a_schedule_of_torch_steps_by_epoch_or_by_step() -> None:
    step_lr = torch.optim.lr_scheduler.StepLR
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    by_epoch = AnySchedule(step_lr, {"step_size": 1}, frequency=2)(optimizer, 100, "loss", "min")
    assert (by_epoch["counts_epochs"], by_epoch["scheduler"].every) == (True, 2)
    by_step = AnySchedule(step_lr, {"step_size": 2}, "step")(optimizer, 100, "loss", "min")
    assert by_step["counts_epochs"] is False
    seen = rates(AnySchedule(step_lr, {"step_size": 2, "gamma": 0.5}, "step"), 6)
    assert seen == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_total_steps_stands_for_their_number() -> None:
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR
    seen = rates(AnySchedule(cosine, {"T_max": "total_steps"}), 10)
    assert seen == pytest.approx([0.1 * (1 + math.cos(math.pi * step / 10)) / 2 for step in range(10)])
    with pytest.raises(UserError, match=r"schedule.interval must be step"):
        AnySchedule(cosine, {"T_max": "total_steps"}, "epoch")


def test_keys_that_a_schedule_does_not_take_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"schedule.step must be an argument of StepLR.*Did you mean step_size"
    ):
        AnySchedule(torch.optim.lr_scheduler.StepLR, {"step": 3})
    with pytest.raises(UserError, match=r"schedule.name must be one of cosine"):
        TimmSchedule("plateau", 0.0)


def test_a_schedule_of_timm_gives_the_rates_of_timm() -> None:
    seen = rates(TimmSchedule("cosine", 0.2, min_lr=0.01, warmup_lr=0.02), 10)
    assert seen[:2] == pytest.approx([0.02, 0.06])
    expected = [0.01 + 0.09 * (1 + math.cos(math.pi * step / 10)) / 2 for step in range(2, 10)]
    assert seen[2:] == pytest.approx(expected)
    halves = rates(TimmSchedule("step", 0.0, decay_epochs=0.5, decay_rate=0.1), 4)
    assert halves == pytest.approx([0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize(
    "schedule",
    [
        TimmSchedule("poly", 0.1),
        AnySchedule(torch.optim.lr_scheduler.ExponentialLR, {"gamma": 0.5}, "step", 2),
    ],
)
def test_a_schedule_goes_on_from_its_state(schedule: Callable[..., dict[str, Any]]) -> None:
    def begun() -> Any:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        return schedule(optimizer, 20, "loss", "min")["scheduler"]

    whole = begun()
    for _ in range(7):
        whole.optimizer.step()
        whole.step()
    resumed = begun()
    resumed.load_state_dict(whole.state_dict())
    resumed.optimizer.load_state_dict(whole.optimizer.state_dict())
    for _ in range(5):
        assert resumed.optimizer.param_groups[0]["lr"] == whole.optimizer.param_groups[0]["lr"]
        for each in (whole, resumed):
            each.optimizer.step()
            each.step()
