"""A scenario that trains the backbone -> what its whole run costs on this machine, and whether it may race."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf

from groundwork.core.atomic import write_text
from groundwork.core.bounded import read_json
from groundwork.core.instantiate import instantiate
from groundwork.model import Network, adaptable
from groundwork.train.context import Context
from groundwork.train.machine.choosing import step_seconds
from groundwork.transfer import Plan
from groundwork.transfer.advise import spoken

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)  # of each schedule, at which those that race are compared
TIMES = 3  # the frozen head took, that budget=auto allows
FORWARD = 1 / 3  # of a step, that a forward alone takes
RATES = {
    "large_similar": 3.0,
    "large_different": 0.3,
    "lora": 3.0,
}  # times `optim.lr`, race where there is time


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


def entries(num_stages: int, adapts: bool) -> list[Entry]:
    """List what may race: the solved head and then all, the same for the last two stages, all at once, and adapters.

    Args:
        num_stages: Of the backbone.
        adapts: Whether adapters can train on it, see `adapts`.
    """
    last = [Entry("large_similar", num_stages - 2)] if num_stages > 2 else []
    return [Entry("large_similar"), *last, Entry("large_different"), *[Entry("lora")] * adapts]


def adapts(network: Network, config: DictConfig) -> bool:
    """Tell whether adapters can train: the backbone has layers for them, and nothing typed contradicts them.

    Args:
        network: With the pretrained backbone.
        config: Of `transfer=lora`.
    """
    trains = any(phase.train == "adapters" for phase in config.transfer.phases)  # phases may be typed
    return trains and not config.loss.get("l2_sp") and bool(adaptable(network))


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


def settled(
    folder: Path, settle: Callable[[], tuple[float | None, list[Entry]]]
) -> tuple[float | None, list[Entry]]:
    """Settle budget and prices once: a run that was stopped would measure others, and race others.

    Args:
        folder: Of the race.
        settle: Gives the budget in minutes, and what may race with its seconds.
    """
    path = folder / "prices.json"
    if not path.exists():
        minutes, every = settle()
        folder.mkdir(exist_ok=True)
        write_text(path, json.dumps({"minutes": minutes, "entries": [asdict(each) for each in every]}))
    known = read_json(path)
    return known["minutes"], [Entry(**each) for each in known["entries"]]


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
        tunes: Whether rates may differ from `optim.lr`: each scenario races at two, as long as the race stays in the
            budget.
    """
    fits = [each for each in every if minutes is None or each.seconds <= 30 * minutes]
    left_out = [each for each in every if each not in fits]
    for each in [*fits] if tunes else ():
        more = [*fits, replace(each, rate=RATES[each.scenario])]
        if minutes is None or longest(more) <= 60 * minutes:
            fits = more
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
