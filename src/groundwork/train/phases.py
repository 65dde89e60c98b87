"""The phases of a plan, one after the other, so that a run can stop anywhere and go on as if it had not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from groundwork.core.ranks import on_any, world_size
from groundwork.core.signals import end, requested
from groundwork.data.batches import Source
from groundwork.model import FeatureBackbone, Network, StagePool
from groundwork.train.build import build_head
from groundwork.train.callbacks.history import write_history
from groundwork.train.checkpoint import check_space, keep_previous, load, load_last, save
from groundwork.train.context import Context
from groundwork.train.frozen.cached import CachedSource, places
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.maps import Maps
from groundwork.train.loop import checkpoint_state, network_state, train_phase
from groundwork.train.machine.memory import fit_into_memory
from groundwork.train.plugged import read_augment
from groundwork.transfer import Candidate, Phase, Plan


@dataclass(frozen=True)
class Cached:
    """Hold what the frozen part of a network gave, once and for all.

    Attributes:
        features: Pooled, of every stage; None where no head reads them.
        candidate: What the head reads.
        maps: That later stages train on; None where images are trained on.
    """

    features: StageFeatures | None
    candidate: Candidate
    maps: Maps | None


def restore(context: Context, network: Network) -> tuple[int, bool, int]:
    """Bring a run back to its last checkpoint.

    A checkpoint written between two phases holds the whole network as the finished phase left it; one written
    inside a phase is left to Lightning, which restores everything.

    Returns:
        The phase to go on with, from 1, 0 where there is nothing to go on from; whether it goes on inside the
        phase; and the best epoch of the phase before.
    """
    folder = context.folder
    checkpoint, wrong = load_last(folder)
    if wrong:
        context.console.note(wrong)
    if checkpoint is None:
        return 0, False, 0
    number = int(checkpoint["phase"])
    if "loops" in checkpoint:
        if checkpoint["has_best"] and not _readable(context):
            return 0, False, 0
        return number, True, 0
    network.load_state_dict(network_state(checkpoint))
    context.rows[:] = checkpoint["rows"]
    write_history(folder.history, context.rows)
    save_network(context, network)
    return number, False, int(checkpoint["best_epoch"])


def train_phases(
    context: Context,
    plan: Plan,
    first: int,
    network: Network,
    cached: Cached,
    reached: tuple[int, bool, int],
) -> int:
    """Train the phases of a plan and return the best epoch of the last.

    Args:
        first: Number of the first phase that is trained, from 1; exact heads come before it.
        cached: What the phases read in place of images.
        reached: See `restore`.
    """
    number, going_on, best_epoch = reached
    if len(plan.phases) >= first:
        check_space(context.folder, network.state_dict())
    for count, phase in enumerate(plan.phases[first - 1 :], start=first):
        if count < number:
            continue
        inside = going_on and count == number

        def train(phase: Phase = phase, count: int = count, inside: bool = inside) -> int:
            return _train_one(context, plan, phase, count, network, cached, inside)

        # Where the phase began is known to this process alone, and ranks would fall out of step.
        shrinks = context.config.data.get("shrink_batch") and not inside and world_size() == 1
        if shrinks:
            best_epoch = fit_into_memory(context.config, train, _again(context, network, count, best_epoch))
        else:
            best_epoch = train()
        finish_phase(context, network, count, best_epoch)
    return best_epoch


def _again(context: Context, network: Network, number: int, best_epoch: int) -> Callable[[str], None]:
    """Remember where a phase begins, and give the function that brings everything back to it."""
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    rows = list(context.rows)

    def begin_again(line: str) -> None:
        context.console.note(line)
        network.cpu().load_state_dict(weights)
        context.rows[:] = rows
        context.keep_config()
        finish_phase(context, network, number - 1, best_epoch)

    return begin_again


def finish_phase(context: Context, network: Network, number: int, best_epoch: int) -> None:
    """Write down that a phase is over and what it left, so that a resumed run begins with the next one."""
    save_network(context, network)
    keep_previous(context.folder)
    over = {"phase": number + 1, "rows": list(context.rows), "best_epoch": best_epoch}
    save({**context.describe(), **over, "state_dict": checkpoint_state(network)}, context.folder.last)
    if on_any(requested()):
        end()


def save_network(context: Context, network: Network) -> None:
    """Write `best.ckpt`: the whole network, and what `predict` and `export` need to know."""
    save({**context.describe(), "state_dict": checkpoint_state(network)}, context.folder.best)


def _train_one(
    context: Context,
    plan: Plan,
    phase: Phase,
    number: int,
    network: Network,
    cached: Cached,
    inside: bool,
) -> int:
    config, features, candidate = context.config, cached.features, cached.candidate
    epochs = max(1, round(phase.share * config.trainer.max_epochs))
    if phase.train == "head" and features is not None and not read_augment(config).active:
        head = _head_network(context, features, candidate)
        head.head.load_state_dict(network.head.state_dict())
        source = _head_source(context, features, candidate)
        best_epoch = train_phase(context, head, source, phase, number, epochs, inside)
        network.head.load_state_dict(head.head.state_dict())
        return best_epoch
    frozen = plan.frozen_stages(network.num_stages)
    maps = cached.maps
    trained = network if maps is None else maps.rest
    inputs: Source = context.prepared.source if maps is None else maps.source
    trained.train_stages(phase.stages(network.num_stages, frozen), plan.batch_norm)
    return train_phase(context, trained, inputs, phase, number, epochs, inside)


def _head_source(context: Context, features: StageFeatures, candidate: Candidate) -> CachedSource:
    prepared = context.prepared
    train, val = prepared.rows["train"], prepared.rows["val"]
    first, *others = features.views_of(candidate)
    views = [np.concatenate([first, features.of("val", candidate)]), *others]
    return CachedSource(views, places(len(prepared.samples), train, val), context.config.seed)


def _head_network(context: Context, features: StageFeatures, candidate: Candidate) -> Network:
    width = features.of("val", candidate).shape[1]
    return Network(
        nn.Identity(),
        FeatureBackbone(width),
        StagePool((0,), ("mean",)),
        build_head(context.config, context.data, width),
    )


def _readable(context: Context) -> bool:
    """Tell whether `best.ckpt` is whole; without it the phases are trained again, and end the same."""
    try:
        load(context.folder.best)
    except Exception as error:
        context.console.note(f"{error}; training from the start")
        return False
    return True
