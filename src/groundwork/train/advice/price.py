"""A scenario that trains the backbone -> what its whole run costs on this machine, and whether it may race."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from omegaconf import DictConfig, OmegaConf

from groundwork.core.instantiate import instantiate
from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.machine.execution import step_seconds
from groundwork.transfer import Plan
from groundwork.transfer.advise import spoken

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)  # of each schedule, at which those that race are compared
TIMES = 3  # the frozen head took, that budget=auto allows
FORWARD = 1 / 3  # of a step, that a forward alone takes
RATES = {
    "large_similar": (1.0, 3.0),
    "large_different": (1.0, 0.3),
}  # times `optim.lr`, that race where there is time


@dataclass(frozen=True)
class Entry:
    """Name what may race.

    Attributes:
        scenario: That trains the backbone.
        frozen: First stages that never train, whose maps are cached.
        rate: Factor on `optim.lr`.
        seconds: Of its whole run, once they are known.
    """

    scenario: str
    frozen: int = 0
    rate: float = 1.0
    seconds: float = 0.0

    def config(self, choose: Callable[[str], DictConfig]) -> DictConfig:
        """Give the configuration of its run."""
        config = choose(self.scenario).copy()
        if self.frozen:
            OmegaConf.update(config, "transfer.frozen", self.frozen)
        config.optim.lr = float(f"{config.optim.lr * self.rate:.4g}")
        return config

    def changes(self, config: DictConfig) -> tuple[str, ...]:
        """Give the overrides that it adds to its scenario."""
        frozen = (f"transfer.frozen={self.frozen}",) if self.frozen else ()
        return frozen if self.rate == 1 else (*frozen, f"optim.lr={config.optim.lr:g}")

    def name(self, config: DictConfig) -> str:
        """Give the words that run it."""
        return " ".join([f"transfer={self.scenario}", *self.changes(config)])


def entries(num_stages: int) -> list[Entry]:
    """List what may race: the solved head and then all, the same for the last two stages, and all at once."""
    last = [Entry("large_similar", num_stages - 2)] if num_stages > 2 else []
    return [Entry("large_similar"), *last, Entry("large_different")]


def priced(
    context: Context,
    network: Network,
    entry: Entry,
    choose: Callable[[str], DictConfig],
    device: torch.device,
) -> Entry:
    """Measure a step and say what the whole run of an entry costs: steps and validations of every epoch."""
    config, rows = entry.config(choose), context.prepared.rows
    plan: Plan = instantiate(config.transfer, _convert_="all")
    trained = [phase for phase in plan.phases if phase.train != "head"]
    copy = plan.enter(plan.adapt(deepcopy(network)).to(device), trained[-1])
    batch = context.prepared.inputs.batch(rows["train"][: config.data.batch_size])
    seconds = step_seconds(config, copy, batch, device)
    epochs = max(1, round(sum(phase.share for phase in trained) * config.trainer.max_epochs))
    images = len(rows["train"]) + FORWARD * len(rows["val"])
    return replace(entry, seconds=epochs * images * seconds)


def minutes_allowed(budget: str | float | None, frozen_seconds: float) -> float | None:
    """Settle `transfer.budget`: auto is a few times what the frozen head took, and a minute at least."""
    if budget == "auto":
        return max(1.0, TIMES * frozen_seconds / 60)
    return None if budget is None else float(budget)


def admitted(every: Sequence[Entry], minutes: float | None, tunes: bool) -> tuple[list[Entry], list[Entry]]:
    """Part what may race from what does not fit: a whole run may take half of the budget.

    Args:
        every: With their seconds.
        minutes: The budget; None for no limit.
        tunes: Whether rates may differ from `optim.lr`: each scenario races at two, where the race stays in the budget.
    """
    fits = [each for each in every if minutes is None or each.seconds <= 30 * minutes]
    left_out = [each for each in every if each not in fits]
    if tunes:
        both = [replace(each, rate=rate) for each in fits for rate in RATES[each.scenario]]
        if minutes is None or longest(both) <= 60 * minutes:
            fits = both
    return fits, left_out


def longest(racing: Sequence[Entry]) -> float:
    """Give the seconds that a race takes at most, if the dearest go on at each comparison."""
    left, before, total = sorted(racing, key=lambda each: -each.seconds), 0.0, 0.0
    for share in SHARES:
        total += (share - before) * sum(each.seconds for each in left)
        left, before = left[: (len(left) + 1) // 2], share
    return total


def budget_reason(minutes: float | None) -> str:
    """Say why what is dear does not race."""
    return f"a whole run may take half of transfer.budget, which is {minutes:.3g} min"


def price_line(prices: Sequence[tuple[str, float]], reason: str) -> str:
    """Say what the scenarios that did not race would cost, and how to run each.

    Args:
        prices: Words that run one, and the seconds that it takes here.
        reason: Why they did not race.
    """
    named = ", or ".join(f"{words} (about {spoken(seconds)} here)" for words, seconds in prices)
    return f"not tried, since {reason}. To try it: {named}"
