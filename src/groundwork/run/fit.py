"""A plan -> a fitted network: exact on cached features where the plan allows it, by Lightning where it does not."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hydra.utils import get_object, instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.batch import Split
from groundwork.loss import MSE, CrossEntropy
from groundwork.model import Network, StagePool
from groundwork.run.build import build_head, build_network
from groundwork.run.callbacks.history import write_history
from groundwork.run.config.own import own_parts
from groundwork.run.frozen import StageFeatures, choose_head, read_features, set_head, strength_history
from groundwork.run.phases import finish_phase, restore, train_phases
from groundwork.run.process.ranks import from_first, in_turns
from groundwork.run.setting import Setting
from groundwork.transfer import Candidate, Choice, Plan, candidates

EXACT_LOSSES = (CrossEntropy, MSE)


@dataclass(frozen=True)
class Fitted:
    """Hold what a fit found.

    Attributes:
        network: As it was at its best on val.
        features: What the head reads, by split, where it is cached; None where images were trained on.
        best_epoch: Of the phase that trained last; 0 for an exact head.
        transfer: What was cut, frozen, cached and solved, and why, in plain types.
        seconds: Spent on features and on fitting.
    """

    network: Network
    features: dict[Split, NDArray[np.float32]] | None
    best_epoch: int
    transfer: dict[str, Any]
    seconds: dict[str, float]


def why_not_exact(config: DictConfig, plan: Plan) -> str | None:
    """Say in one line why the head can't be solved exactly on cached features; None where it can."""
    loss, head = config.loss, config.model
    smoothed = loss.get("label_smoothing", 0.0) > 0
    if plan.solver == "sgd":
        return "transfer.solver=sgd asks for it"
    if not any(phase.train == "head" for phase in plan.phases):
        return "no phase trains the head alone"
    if instantiate(config.augment).active:
        return "augment shows every image anew"
    if instantiate(config.balance).resamples:
        return "balance draws the rows of each epoch anew"
    if parts := own_parts(config):
        return f"{', '.join(parts)} may be anything, also not linear"
    if get_object(loss.function._target_) not in EXACT_LOSSES or smoothed:
        return f"loss={loss.name}{' with label smoothing' if smoothed else ''} has no exact solution here"
    if loss.l1 or loss.l2:
        return "loss.l1 and loss.l2 are penalties of their own"
    if head.dropout:
        return f"model.dropout={head.dropout} is random"
    if config.task.get("activation", "none") != "none":
        return f"task.activation={config.task.activation} is not linear"
    return None


def fit(setting: Setting, data: dict[str, Any], plan: Plan, device: torch.device, resume: bool) -> Fitted:
    """Fit a network as the plan says.

    Args:
        setting: Configuration, data and folder of the run.
        data: See `describe_data`.
        plan: What to cut, freeze and train.
        device: Where features are computed; Lightning chooses its own by `trainer`.
        resume: Go on from `last.ckpt` where there is one.
    """
    config, prepared, screen = setting.config, setting.prepared, setting.screen
    pretrained = bool(config.model.pretrained) and plan.pretrained
    started = time.perf_counter()
    obstacle = why_not_exact(config, plan)
    chooses = plan.cut == "auto" and not own_parts(config)
    with in_turns():
        network = build_network(config, data, pretrained, None)
    features = choice = None
    reads_features = obstacle is None or chooses or not instantiate(config.augment).active
    if plan.phases[0].train == "head" and data["kind"] == "image" and reads_features:
        with in_turns():
            features = read_features(config, network, prepared, plan, device, screen)
    read = time.perf_counter()
    if features is not None and (obstacle is None or chooses):
        found = features
        choice = from_first(lambda: choose_head(setting, network, found, plan, device))
    candidate = choice.candidate if choice is not None else _fixed_cut(plan, network)
    num_stages = network.num_stages
    network = _cut(config, data, network, candidate)
    transfer = _describe(plan, num_stages, candidate, features, choice, obstacle)
    setting.extra["reads"] = {"stages": list(candidate.stages), "pool": candidate.pool}
    with in_turns():
        reached = restore(setting, network) if resume else (0, False, 0)
    first = 1
    if choice is not None and obstacle is None:
        first = 2
        if plan.head_only and config.callbacks.extra:
            screen.note(
                f"{', '.join(config.callbacks.extra)}: no effect on this run, whose head is solved exactly. Add "
                f"transfer.solver=sgd, or a scenario that trains the network."
            )
        if reached[0] < first:
            set_head(network, choice.head)
            setting.rows.extend(strength_history(choice, config.monitor, setting.direction))
            write_history(setting.folder.history, setting.rows)
            finish_phase(setting, network, 1, 0)
    elif obstacle is not None and plan.phases[0].train == "head" and not own_parts(config):
        screen.note(f"the head is trained by gradient descent, because {obstacle}")
    best_epoch = train_phases(setting, data, plan, first, network, features, candidate, reached)
    cached = features if plan.head_only else None
    if plan.head_only:
        network.freeze(network.num_stages)  # so that it counts what was fitted: the head
    return Fitted(
        network,
        None if cached is None else {split: cached.of(split, candidate) for split in ("train", "val")},
        best_epoch,
        transfer,
        {"features": read - started, "fit": time.perf_counter() - read},
    )


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


def _describe(
    plan: Plan,
    num_stages: int,
    candidate: Candidate,
    features: StageFeatures | None,
    choice: Choice | None,
    obstacle: str | None,
) -> dict[str, Any]:
    exact = choice is not None and obstacle is None
    described: dict[str, Any] = {
        "scenario": plan.scenario,
        "cut": list(candidate.stages),
        "pool": candidate.pool,
        "stages": num_stages,
        "frozen": min(plan.frozen_stages(num_stages), max(candidate.stages) + 1),
        "cached": 0 if features is None else max(candidate.stages) + 1,
        "solver": "exact" if exact else "sgd",
        "why": choice.why if choice is not None else obstacle or "",
        "phases": [str(phase.train) for phase in plan.phases],
    }
    if exact and choice is not None:
        described |= {"strength": choice.strength, "strengths": list(plan.strengths), "views": plan.views}
    return described
