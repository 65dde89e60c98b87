"""The phases of a plan, one after the other, so that a run can stop anywhere and go on as if it had not."""

from dataclasses import dataclass

import numpy as np
from torch import nn

from groundwork.core.epochs import share_epochs
from groundwork.core.ranks import on_any
from groundwork.core.signals import end, requested
from groundwork.data.batches import Source
from groundwork.model import FeatureBackbone, Network, StagePool
from groundwork.train.build import build_head
from groundwork.train.callbacks.history import write_history
from groundwork.train.checkpoint import keep_previous, load, load_last, save
from groundwork.train.checkpoint.weights import checkpoint_state, network_state
from groundwork.train.context import Context
from groundwork.train.corrected import KeepTried
from groundwork.train.frozen.cached import CachedSource, places
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.maps import Maps
from groundwork.train.part import Part
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


@dataclass(frozen=True)
class Reached:
    """Say where a resumed run stands.

    Attributes:
        number: Of the phase to go on with, from 1; 0 where there is nothing to go on from.
        inside: Whether it goes on inside of that phase, from `last.ckpt`.
        best_epoch: Of the phase before.
    """

    number: int = 0
    inside: bool = False
    best_epoch: int = 0


def restore(context: Context, network: Network) -> Reached:
    """Bring a run back to its last checkpoint.

    A checkpoint written between two phases holds the whole network as the finished phase left it; one written
    inside a phase is left to Lightning, which restores everything.
    """
    folder = context.folder
    checkpoint, wrong = load_last(folder)
    if wrong:
        context.console.note(wrong)
    if checkpoint is None:
        return Reached()
    number = int(checkpoint["phase"])
    if "loops" in checkpoint:
        if checkpoint["has_best"] and not _readable(context):
            return Reached()
        return Reached(number, True)
    network.load_state_dict(network_state(checkpoint))
    context.rows[:] = checkpoint["rows"]
    if "tried" in checkpoint:  # of an earlier edition: not
        KeepTried(context.tried).load_state_dict(checkpoint["tried"])
    write_history(folder.history, context.rows)
    save_network(context, network)
    return Reached(number, False, int(checkpoint["best_epoch"]))


def build_parts(run: Context, plan: Plan, first: int, network: Network, cached: Cached) -> list[Part]:
    """Say what each phase trains, and how the epochs of the run are shared out among them.

    Args:
        first: Number of the first phase that is trained, from 1; exact heads come before it.
        network: The whole one.
        cached: What the phases read in place of images.
    """
    left = plan.phases[first - 1 :]
    if not left:
        return []
    share = sum(phase.share for phase in left)
    whole = sum(phase.share for phase in plan.phases)
    total = max(1, round(share / whole * run.config.trainer.max_epochs))
    epochs = share_epochs([phase.share / share for phase in left], total)
    numbers = range(first, first + len(left))
    return [
        _part(run, plan, phase, number, own, network, cached)
        for phase, number, own in zip(left, numbers, epochs, strict=True)
    ]


def _part(
    context: Context, plan: Plan, phase: Phase, number: int, epochs: int, network: Network, cached: Cached
) -> Part:
    features, maps = cached.features, cached.maps
    if phase.train == "head" and features is not None and not read_augment(context.config).active:
        head = _head_network(context, features, cached.candidate)
        source = _head_source(context, features, cached.candidate)
        return Part(
            number, phase, head, source, epochs,
            lambda: head.head.load_state_dict(network.head.state_dict()),
            lambda: network.head.load_state_dict(head.head.state_dict()),
        )  # fmt: skip
    trained = network if maps is None else maps.rest
    inputs: Source = context.prepared.inputs if maps is None else maps.source
    return Part(
        number, phase, trained, inputs, epochs,
        lambda: plan.enter(trained, phase),
        lambda: None,
    )  # fmt: skip


def finish_phase(context: Context, network: Network, number: int, best_epoch: int) -> None:
    """Write down that a phase is over and what it left, so that a resumed run begins with the next one."""
    save_network(context, network)
    keep_previous(context.folder)
    over = {"phase": number + 1, "rows": list(context.rows), "best_epoch": best_epoch}
    over["tried"] = KeepTried(context.tried).state_dict()
    save({**context.describe(), **over, "state_dict": checkpoint_state(network)}, context.folder.last)
    if on_any(requested()):
        end()


def save_network(context: Context, network: Network) -> None:
    """Write `best.ckpt`: the whole network, and what `predict` and `export` need to know."""
    save({**context.describe(), "state_dict": checkpoint_state(network)}, context.folder.best)


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
