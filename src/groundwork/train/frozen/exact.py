"""Features of a frozen backbone -> an exact linear head, chosen on val or by folds, where a run allows one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from hydra.utils import get_object
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.instantiate import instantiate
from groundwork.loss import MSE, BinaryCrossEntropy, CrossEntropy
from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.custom import custom_parts
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.folds import out_of_fold
from groundwork.train.frozen.nested import nested_outputs
from groundwork.train.frozen.targets import loss_weights, scaled_target, score_by, solver, targets_of
from groundwork.train.plugged import read_augment
from groundwork.transfer import (
    Attempts,
    Candidate,
    Choice,
    HeldOut,
    Linear,
    OutOfFold,
    Plan,
    candidates,
    choose_cut,
    head_loss,
)

EXACT_LOSSES = (CrossEntropy, MSE, BinaryCrossEntropy)


def why_not_exact(config: DictConfig, plan: Plan) -> str | None:
    """Say in one line why the head can't be solved exactly on cached features; None where it can."""
    loss, head = config.loss, config.model
    smoothed = loss.get("label_smoothing", 0.0) > 0
    if plan.solver == "sgd":
        return "transfer.solver=sgd asks for it"
    if not any(phase.train == "head" for phase in plan.phases):
        return "no phase trains the head alone"
    if read_augment(config).active:
        return "augment shows every image anew"
    if instantiate(config.balance).resamples:
        return "balance draws the rows of each epoch anew"
    if parts := custom_parts(config):
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


def choose_head(
    context: Context, network: Network, features: StageFeatures, plan: Plan, device: torch.device
) -> Choice:
    """Solve a linear head at every cut, pooling and strength that the plan allows, and keep the best.

    Val judges heads on train; where the plan crosses, every fold of train and val together judges heads on the others.
    """
    options = candidates(plan.pool, plan.cut, features.spatial)
    attempts, truth = _attempts(context, network, features, plan, device)
    done = [0]
    with context.console.progress("solving linear heads", "cuts") as bar:

        def advance(_: Candidate, best: float) -> None:
            done[0] += 1
            bar(done[0], len(options))

        judge = f"in {plan.folds} folds" if plan.crosses else "on val"
        choice = _choose(context, network, device, truth, options, attempts, advance, judge)
    if isinstance(attempts, OutOfFold):
        _keep_nested(context, network, device, truth, options, attempts)
    # Where less is better, scores are the metric with a minus, which people need not read.
    less = context.direction == "min"
    return replace(choice, why=choice.why.replace(" -", " ")) if less else choice


def _choose(
    context: Context,
    network: Network,
    device: torch.device,
    truth: NDArray[Any],
    options: Sequence[Candidate],
    attempts: Attempts,
    progress: Callable[[Candidate, float], None] | None,
    judge: str,
) -> Choice:
    weights, labels = loss_weights(context), context.prepared.target.has_labels
    keep = context.tried.keep if isinstance(attempts, HeldOut) else None
    return choose_cut(
        options,
        attempts,
        score_by(context, network, device, truth, keep),
        lambda output: head_loss(output, scaled_target(network, truth), weights, labels),
        progress,
        judge,
    )


def _keep_nested(
    context: Context,
    network: Network,
    device: torch.device,
    truth: NDArray[Any],
    options: Sequence[Candidate],
    attempts: OutOfFold,
) -> None:
    """Predict every row by a head that was chosen and solved without it, where that is affordable."""

    def choose(inner: OutOfFold, judges: Tensor) -> Choice:
        return _choose(context, network, device, truth[judges.numpy()], options, inner, None, "")

    tried = context.tried
    tried.folds = len(np.unique(attempts.fold))
    outputs = nested_outputs(options, attempts, choose)
    if outputs is not None:
        tried.nested = network.decode(outputs.to(device)).float().cpu().numpy()


def refit_head(
    context: Context,
    network: Network,
    features: StageFeatures,
    plan: Plan,
    choice: Choice,
    device: torch.device,
) -> Linear:
    """Solve the head that was chosen once more, at its strength, on train and val together."""
    target = targets_of(context, network, plan, ("train", "val"))
    (head,) = solver(context, device)(features.both_of(choice.candidate), target, [choice.strength])
    return head


def _attempts(
    context: Context, network: Network, features: StageFeatures, plan: Plan, device: torch.device
) -> tuple[Attempts, NDArray[Any]]:
    """Say how heads are tried, and give the targets of the samples that judge them."""
    prepared, solve = context.prepared, solver(context, device)
    if plan.crosses:
        both = targets_of(context, network, plan, ("train", "val"))
        truth = np.concatenate([prepared.targets("train"), prepared.targets("val")])
        return out_of_fold(context, features, plan, both, solve), truth
    target = targets_of(context, network, plan, ("train",))
    held_out = HeldOut(features.train, features.val, features.spatial, target, plan.strengths, solve)
    return held_out, prepared.targets("val")


def strength_history(choice: Choice, plan: Plan, monitor: str, direction: str) -> list[dict[str, Any]]:
    """List the score by cut and strength, as rows of `history.csv`; `kept` marks the head of the run."""
    judge = "folds" if plan.crosses else "val"
    sign = 1.0 if direction == "max" else -1.0
    kept = (choice.candidate.stages, choice.candidate.pool, choice.strength)
    return [
        {
            "cut": "+".join(map(str, trial.stages)),
            "pool": trial.pool,
            "num_features": trial.num_features,
            "strength": trial.strength,
            f"{judge}/{monitor}": sign * trial.score,
            "kept": (trial.stages, trial.pool, trial.strength) == kept,
        }
        for trial in choice.trials
    ]
