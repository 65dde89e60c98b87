"""A plan -> a fitted network: exact on cached features where the plan allows it, by Lightning where it does not."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.batch import Split
from groundwork.core.errors import UserError
from groundwork.core.ranks import from_first, in_turns
from groundwork.model import Network, StagePool, complete_embeddings
from groundwork.train.build import build_head, build_network, build_pretrained
from groundwork.train.callbacks.history import write_history
from groundwork.train.context import Context
from groundwork.train.custom import custom_parts
from groundwork.train.frozen.exact import choose_head, refit_head, set_head, strength_history, why_not_exact
from groundwork.train.frozen.features import StageFeatures, read_features
from groundwork.train.frozen.maps import read_maps
from groundwork.train.machine.precision import settle_precision
from groundwork.train.phases import Cached, finish_phase, restore, save_network, train_phases
from groundwork.train.plugged import read_augment
from groundwork.transfer import Candidate, Choice, Linear, Plan, candidates


@dataclass(frozen=True)
class Fitted:
    """Hold what a fit found.

    Attributes:
        network: As it was at its best on val.
        features: What the head reads, by split, where it is cached; None where images were trained on.
        best_epoch: Of the phase that trained last; 0 for an exact head.
        refit: Head that learned from val, too, to be used when val has measured the network; None for none.
        transfer: What was cut, frozen, cached and solved, and why, in plain types.
        seconds: Spent on features and on fitting.
    """

    network: Network
    features: dict[Split, NDArray[np.float32]] | None
    best_epoch: int
    refit: Linear | None
    transfer: dict[str, Any]
    seconds: dict[str, float]


def fit(context: Context, plan: Plan, device: torch.device, resume: bool) -> Fitted:
    """Fit a network as the plan says.

    Args:
        context: Configuration, data and folder of the run.
        plan: What to cut, freeze and train.
        device: Where features are computed; Lightning chooses its own by `trainer`.
        resume: Go on from `last.ckpt` where there is one.
    """
    config, data = context.config, context.data
    started = time.perf_counter()
    obstacle = why_not_exact(config, plan)
    if obstacle is not None and plan.solver == "exact":
        raise UserError(
            f"transfer.solver=exact must find a head to solve, but {obstacle}. Use transfer.solver=auto."
        )
    # Heads are solved where one of them is the head of the run, or says where to cut.
    solves = obstacle is None or (plan.cut == "auto" and not custom_parts(config))
    pretrained = bool(config.model.pretrained) and plan.pretrained
    with in_turns():
        whole = (
            build_pretrained(config, data, context.warm)
            if pretrained
            else build_network(config, data, False, None)
        )
    features = _read_features(context, plan, whole, solves, device)
    read = time.perf_counter()
    choice, refit = None, None
    if solves and (found := features) is not None:
        choice = from_first(lambda: choose_head(context, whole, found, plan, device))
        if obstacle is None and plan.refits:
            refit = from_first(lambda: refit_head(context, whole, found, plan, choice, device))
    chosen = time.perf_counter()
    candidate = choice.candidate if choice is not None else _fixed_cut(plan, whole)
    num_stages = whole.num_stages
    network = _cut(config, data, whole, candidate)
    cached = Cached(features, candidate, read_maps(context, network, plan, candidate, device))
    seconds = {"features": read - started + time.perf_counter() - chosen}
    transfer = _describe(plan, num_stages, cached, choice, obstacle)
    context.reads = {"stages": list(candidate.stages), "pool": candidate.pool}
    if config.loss.penalty.get("l2_sp"):
        context.start = {name: value.detach().clone() for name, value in network.named_parameters()}
    with in_turns():
        reached = restore(context, network) if resume else (0, False, 0)
    solved = choice if obstacle is None else None
    if solved is not None:
        _keep_solved(context, network, plan, solved, reached[0])
    elif obstacle is not None and plan.phases[0].train == "head" and not custom_parts(config):
        context.console.note(f"the head is trained by gradient descent, because {obstacle}")
    best_epoch = train_phases(context, plan, 1 if solved is None else 2, network, cached, reached)
    if complete_embeddings(network):
        save_network(context, network)
    if plan.head_only:
        network.freeze(network.num_stages)  # so that it counts what was fitted: the head
    kept = features if plan.head_only else None
    return Fitted(
        network,
        None if kept is None else {split: kept.of(split, candidate) for split in ("train", "val")},
        best_epoch,
        refit,
        transfer,
        seconds | {"fit": time.perf_counter() - started - seconds["features"]},
    )


def _read_features(
    context: Context, plan: Plan, network: Network, solves: bool, device: torch.device
) -> StageFeatures | None:
    """Run the backbone over the data once, where a head learns from what it gives."""
    config = context.config
    useful = solves or not read_augment(config).active
    if plan.phases[0].train != "head" or context.data["kind"] != "image" or not useful:
        return None
    settle_precision(context, network, plan, device)
    with in_turns():
        return read_features(config, network, context.prepared, plan, device, context.console)


def _keep_solved(context: Context, network: Network, plan: Plan, choice: Choice, reached: int) -> None:
    """Make the solved head the result of the first phase, unless a resumed run is past it."""
    config = context.config
    if plan.head_only and config.callbacks.extra:
        context.console.note(
            f"{', '.join(config.callbacks.extra)}: no effect on this run, whose head is solved exactly. Add "
            f"transfer.solver=sgd, or a scenario that trains the network."
        )
    if reached < 2:
        set_head(network, choice.head)
        context.rows.extend(strength_history(choice, plan, config.monitor, context.direction))
        write_history(context.folder.history, context.rows)
        finish_phase(context, network, 1, 0)


def _fixed_cut(plan: Plan, network: Network) -> Candidate:
    spatial = network.stem.spatial
    cut = "last" if plan.cut == "auto" else plan.cut
    return candidates("mean" if plan.pool == "auto" else plan.pool, cut, spatial)[0]


def _cut(config: DictConfig, data: dict[str, Any], network: Network, candidate: Candidate) -> Network:
    """End the network after the deepest stage that the head reads, and give it a head of that width."""
    network.stem.prune(max(candidate.stages))
    pool = StagePool(candidate.stages, candidate.kinds)
    head = build_head(config, data, pool.num_features(network.stem.channels, network.stem.spatial))
    return Network(network.normalize, network.backbone, pool, head)


def _cached_stages(cached: Cached) -> int:
    """Count the first stages that ran once over the data."""
    if cached.maps is not None:
        return cached.maps.prefix
    return 0 if cached.features is None else max(cached.candidate.stages) + 1


def _describe(
    plan: Plan,
    num_stages: int,
    cached: Cached,
    choice: Choice | None,
    obstacle: str | None,
) -> dict[str, Any]:
    exact = choice is not None and obstacle is None
    candidate, depth = cached.candidate, max(cached.candidate.stages) + 1
    described: dict[str, Any] = {
        "scenario": plan.scenario,
        "cut": list(candidate.stages),
        "pool": candidate.pool,
        "stages": num_stages,
        "frozen": min(plan.frozen_stages(num_stages), depth),
        "cached": _cached_stages(cached),
        "solver": "exact" if exact else "sgd",
        "why": choice.why if choice is not None else obstacle or "",
        "phases": [str(phase.train) for phase in plan.phases],
    }
    if choice is not None:
        described |= {"strengths": list(plan.strengths), "folds": plan.folds if plan.crosses else 1}
    if exact and choice is not None:
        described |= {"strength": choice.strength, "views": plan.views, "refit": plan.refits}
    return described
