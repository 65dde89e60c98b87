"""Cached features -> the best frozen head: the last stage alone, unless a cut is better by one standard error."""

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.frozen.exact import choose_head
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.targets import loss_weights, scaled_target, score_by
from groundwork.transfer import Choice, Plan, gather, head_losses, simplest, standard_error


@dataclass(frozen=True)
class Frozen:
    """Hold the best frozen head.

    Attributes:
        scenario: Whose head it is.
        choice: Of that scenario.
        every: Of all cuts.
        scores: Scenario -> monitor on the rows that judged.
        prediction: Of val, by the head on train alone.
        error: One standard error of the difference between both.
        seconds: That features and heads took.
    """

    scenario: str
    choice: Choice
    every: Choice
    scores: dict[str, float]
    error: float
    prediction: NDArray[np.floating]
    seconds: float


def choose_frozen(
    context: Context,
    network: Network,
    features: StageFeatures,
    plan: Plan,
    device: torch.device,
    began: float,
) -> Frozen:
    """Choose among all cuts, and take the last stage alone unless the choice is better by one standard error."""
    every = choose_head(context, network, features, replace(plan, cut="auto"), device)
    last = choose_head(context, network, features, replace(plan, cut="last", pool="mean"), device)
    prepared, weights = context.prepared, loss_weights(context)
    truth = prepared.targets("val")
    if plan.crosses:
        truth = np.concatenate([prepared.targets("train"), truth])
    target = scaled_target(network, truth)

    def losses(output: Tensor) -> Tensor:
        return head_losses(output, target, weights, prepared.target.has_labels)

    score = score_by(context, network, device, truth)
    taken = simplest(last, every, score, losses)
    with torch.inference_mode():
        judged = taken.head(gather(features.val, taken.candidate, features.spatial))
        prediction = network.decode(judged.to(device)).float().cpu().numpy()
    return Frozen(
        "small_similar" if taken is last else "small_different",
        taken,
        every,
        {"small_similar": context.sign * last.score, "small_different": context.sign * every.score},
        standard_error(last, every, score),
        prediction,
        time.perf_counter() - began,
    )
