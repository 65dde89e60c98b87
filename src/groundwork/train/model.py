"""A settled run -> its network, the head that can be solved exactly, and the phases that are left to train."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.batch import Split
from groundwork.core.errors import UserError
from groundwork.core.ranks import from_first, in_turns, is_first
from groundwork.model import Network, StagePool
from groundwork.train.build import build_head, build_network, build_pretrained
from groundwork.train.context import Context
from groundwork.train.custom import custom_parts
from groundwork.train.frozen.crossed import Crossed, solve_crossed
from groundwork.train.frozen.exact import choose_head, refit_head, why_not_exact
from groundwork.train.frozen.features import StageFeatures, read_features
from groundwork.train.frozen.maps import read_maps
from groundwork.train.machine.precision import settle_precision
from groundwork.train.part import Part
from groundwork.train.phases import Cached, Reached, build_parts, restore
from groundwork.train.plugged import read_augment
from groundwork.train.served import served
from groundwork.transfer import Candidate, Choice, Linear, Plan, candidates


@dataclass
class Model:
    """Hold what is trained and tested.

    Attributes:
        network: Whole, as it predicts in the end.
        cached: What its frozen part gave, once and for all.
        solved: The head that is exact; None where descent trains it.
        refit: Head that learned from val, too, to be used when val has measured the network; None for none.
        crossed: Heads of folds beside `refit`, where something is fitted on what they predict; None for none.
        parts: Phases that are left to train.
        epochs: Of all phases together, finished ones included.
        reached: Where a resumed run stands.
        transfer: What was cut, frozen, cached and solved, and why, in plain types.
        seconds: Spent on features.
        best_epoch: Of the phase that trained last; 0 for an exact head.
    """

    network: Network
    cached: Cached
    solved: Choice | None
    refit: Linear | None
    crossed: Crossed | None
    parts: list[Part]
    epochs: int
    reached: Reached
    transfer: dict[str, Any]
    seconds: float
    best_epoch: int

    def features(self, plan: Plan) -> dict[Split, NDArray[np.float32]] | None:
        """Give what the head reads, by split, where nothing else trained; None where images were trained on."""
        features = self.cached.features
        if features is None or not plan.head_only:
            return None
        return {split: features.of(split, self.cached.candidate) for split in ("train", "val")}


def build_model(run: Context) -> Model:
    """Build the network, read its frozen part once, choose where to cut it, and see what is left to train.

    Raises:
        UserError: If a head must be solved, but cannot be.
    """
    config, plan, started = run.config, run.plan, time.perf_counter()
    obstacle = why_not_exact(config, plan)
    if obstacle is not None and plan.solver == "exact":
        raise UserError(
            f"transfer.solver=exact must find a head to solve, but {obstacle}. Use transfer.solver=auto."
        )
    # Heads are solved where one of them is the head of the run, or says where to cut.
    solves = obstacle is None or (plan.cut == "auto" and not custom_parts(config))
    whole = _whole_network(run, plan)
    features = _read_features(run, plan, whole, solves)
    choice, refit, crossed = None, None, None
    if solves and (found := features) is not None:
        choice = from_first(lambda: choose_head(run, whole, found, plan, run.device))
        if obstacle is None and plan.refits:
            refit = from_first(lambda: refit_head(run, whole, found, plan, choice, run.device))
            if served(config).learns and is_first():
                crossed = solve_crossed(run, whole, found, plan, choice, run.device)
    seconds, num_stages = time.perf_counter() - started, whole.num_stages
    candidate = choice.candidate if choice is not None else _fixed_cut(plan, whole)
    network = plan.adapt(_cut(config, run.data, whole, candidate), config.seed)
    cached = Cached(features, candidate, read_maps(run, network, plan, candidate, run.device))
    run.reads = {"stages": list(candidate.stages), "pool": candidate.pool}
    if config.loss.penalty.get("l2_sp"):
        run.start = {name: value.detach().clone() for name, value in network.named_parameters()}
    with in_turns():
        reached = restore(run, network) if run.resume else Reached()
    solved = choice if obstacle is None else None
    if (
        solved is None
        and obstacle is not None
        and plan.phases[0].train == "head"
        and not custom_parts(config)
    ):
        run.console.note(f"the head is trained by gradient descent, because {obstacle}")
    every = build_parts(run, plan, 1 if solved is None else 2, network, cached)
    parts = [part for part in every if part.number >= reached.number]
    transfer = _describe(plan, num_stages, cached, choice, obstacle)
    epochs = sum(part.epochs for part in every)
    epoch = reached.best_epoch
    return Model(network, cached, solved, refit, crossed, parts, epochs, reached, transfer, seconds, epoch)


def _whole_network(run: Context, plan: Plan) -> Network:
    pretrained = bool(run.config.model.pretrained) and plan.pretrained
    with in_turns():
        if pretrained:
            return build_pretrained(run.config, run.data, run.warm)
        return build_network(run.config, run.data, False, None)


def _read_features(run: Context, plan: Plan, network: Network, solves: bool) -> StageFeatures | None:
    """Run the backbone over the data once, where a head learns from what it gives."""
    config = run.config
    useful = solves or not read_augment(config).active
    if plan.phases[0].train != "head" or run.data["kind"] != "image" or not useful:
        return None
    settle_precision(run, network, plan, run.device)
    with in_turns():
        return read_features(config, network, run.prepared, plan, run.device, run.console)


def _fixed_cut(plan: Plan, network: Network) -> Candidate:
    spatial = network.stem.spatial
    cut = "last" if plan.cut == "auto" else plan.cut
    return candidates("mean" if plan.pool == "auto" else plan.pool, cut, spatial)[0]


def _cut(config: DictConfig, data: dict[str, Any], network: Network, candidate: Candidate) -> Network:
    """End the network after the deepest stage that the head reads, and give it a head of that width."""
    network.stem.prune(max(candidate.stages))
    pool = StagePool(candidate.stages, candidate.kinds)
    width = pool.num_features(network.stem.channels, network.stem.spatial)
    width += 0 if network.columns is None else network.columns.num_features
    head = build_head(config, data, width, getattr(network.backbone, "num_members", 1))
    return Network(network.normalize, network.backbone, pool, head, network.columns)


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
        **({"adapters": {"rank": plan.rank, "alpha": plan.alpha}} if plan.rank else {}),
        "scenario": plan.scenario,
        "cut": list(candidate.stages),
        "pool": candidate.pool,
        "stages": num_stages,
        "frozen": depth if plan.rank else min(plan.frozen_stages(num_stages), depth),
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
