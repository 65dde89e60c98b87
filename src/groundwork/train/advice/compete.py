"""A budget -> what trains within it beside the best frozen head, and whether it wins."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from lightning.pytorch import seed_everything
from omegaconf import DictConfig

from groundwork.core.ranks import world_size
from groundwork.model import Network
from groundwork.train.advice.decide import undecidable
from groundwork.train.advice.heads import Frozen
from groundwork.train.advice.judge import Judge
from groundwork.train.advice.price import (
    Entry,
    adapts,
    admitted,
    budget_reason,
    entries,
    minutes_allowed,
    priced,
    settled,
)
from groundwork.train.advice.race import FOLDER, Runner, race
from groundwork.train.context import Context
from groundwork.transfer import Plan


@dataclass(frozen=True)
class Race:
    """Hold what trained, and what did not.

    Attributes:
        winner: Name of its folder; empty where a frozen head serves.
        entry: Of the winner.
        changes: Overrides of the winner.
        why: Sentences.
        prices: Of what did not train: words, and seconds.
        reason: Why it did not.
        differences: See `Advice`.
        runners: All that trained.
        seconds: Of all of it.
        minutes: The budget.
    """

    winner: str
    entry: Entry | None
    changes: tuple[str, ...]
    why: tuple[str, ...]
    prices: tuple[tuple[str, float], ...]
    reason: str
    differences: tuple[dict[str, Any], ...]
    runners: tuple[Runner, ...]
    seconds: float
    minutes: float | None


def compete(
    context: Context,
    network: Network,
    frozen: Frozen,
    plan: Plan,
    choose: Callable[[str], DictConfig],
    typed: Sequence[str],
    device: torch.device,
) -> Race:
    """Let training compete where that can be decided and fits into the budget."""
    began, judge = time.perf_counter(), Judge(context, frozen)
    choose = cache(choose)
    limit = minutes_allowed(plan.budget, frozen.seconds)
    place = context.folder.path / FOLDER
    minutes, every = settled(place, lambda: (limit, _priced(context, network, choose, device)))
    fits, left_out, reason = _parted(context, frozen, every, minutes, typed)
    prices = [(each.name(each.config(choose)), each.seconds) for each in left_out]
    why = () if judge.frozen_beats_guessing() else ("the frozen head is not seen to beat guessing (99 %)",)
    configs = [entry.config(choose) for entry in fits]
    runners = [
        Runner(context, config, entry.name(config), judge.score)
        for entry, config in zip(fits, configs, strict=True)
    ]
    winner = _raced(context, runners, minutes, judge)
    raced = tuple(each for each in runners if each.best is not None)
    taken: int | None = None
    differences: tuple[dict[str, Any], ...] = ()
    if winner is not None:
        verdict = judge(winner, raced)
        why = (*why, judge.sentence(winner, raced, verdict))
        differences = (judge.difference(winner, verdict),)
        taken = runners.index(winner) if verdict.pays else None
    return Race(
        winner="" if taken is None else runners[taken].folder.path.name,
        entry=None if taken is None else fits[taken],
        changes=() if taken is None else fits[taken].changes(configs[taken]),
        why=why,
        prices=tuple(prices),
        reason=reason,
        differences=differences,
        runners=raced,
        seconds=time.perf_counter() - began,
        minutes=minutes,
    )


def _parted(
    context: Context, frozen: Frozen, every: Sequence[Entry], minutes: float | None, typed: Sequence[str]
) -> tuple[Sequence[Entry], Sequence[Entry], str]:
    """Part what races from what does not, and say why."""
    forbids = _no_race(context) or undecidable(frozen.prediction, context.prepared.targets("val"))
    if forbids:
        return [], every, forbids
    tunes = not any(override.startswith("optim.lr=") for override in typed)
    fits, left_out = admitted(every, minutes, tunes)
    return fits, left_out, budget_reason(minutes) if left_out else ""


def _priced(
    context: Context, network: Network, choose: Callable[[str], DictConfig], device: torch.device
) -> list[Entry]:
    every = entries(network.num_stages, adapts(network, choose("lora")))
    return [priced(context, network, entry, choose, device) for entry in every]


def _raced(context: Context, runners: Sequence[Runner], minutes: float | None, judge: Judge) -> Runner | None:
    """Race, and leave threads and random numbers of this process as a run begins with them."""
    if not runners:
        return None
    threads = torch.get_num_threads()
    try:
        winner: Runner | None = race(runners, minutes, judge.hopeless, context.console.say)
    finally:
        torch.set_num_threads(threads)
        seed_everything(context.config.seed, verbose=False)
    return winner


def _no_race(context: Context) -> str | None:
    """Say why nothing trains, whatever val could decide."""
    trainer, callbacks = context.config.trainer, context.config.callbacks
    if world_size() > 1:
        return "several processes do not race; start one, or scripts/advise.py, first"
    if trainer.fast_dev_run or trainer.overfit_batches:
        return "trainer.fast_dev_run and trainer.overfit_batches only try out whether training works"
    if trainer.enable_checkpointing is False or not {"checkpoint", "history"} <= {
        name for name, node in callbacks.items() if node is not None
    }:
        return "a race needs checkpoints and the history"
    return None
