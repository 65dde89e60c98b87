"""A head that learns from train and val in the end -> heads of folds, each of which did not see some of the rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.frozen.exact import solver, targets_of
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.folds import out_of_fold
from groundwork.transfer import Choice, Linear, Plan

NUM_FOLDS = 5  # where the plan has none


@dataclass(frozen=True)
class Crossed:
    """Hold the heads of the folds of train and val, each solved without one of them.

    Attributes:
        prediction: (M, K) or (M, T) of the rows of train and then val, each by the head that did not learn from it.
        fold: (M,) number of that head.
        heads: One per fold, in order.
    """

    prediction: NDArray[np.floating]
    fold: NDArray[np.int64]
    heads: list[Linear]


def solve_crossed(
    context: Context,
    network: Network,
    features: StageFeatures,
    plan: Plan,
    choice: Choice,
    device: torch.device,
) -> Crossed:
    """Solve the head that was chosen once more without each fold, at its strength, and predict the fold by it."""
    target, solve = targets_of(context, network, plan, ("train", "val")), solver(context, device)
    folds = plan if plan.folds > 1 else replace(plan, folds=NUM_FOLDS)
    every = out_of_fold(context, features, folds, target, solve)
    inputs = features.both_of(choice.candidate)
    fold = every.fold[every.judging]
    output: Any = None
    heads = []
    for number in np.unique(fold):
        learned = torch.from_numpy(every.fold != number)
        (head,) = solve(inputs[learned], target[learned], [choice.strength])
        heads.append(head)
        found = head(inputs[torch.from_numpy(every.judging[fold == number])])
        output = found.new_empty(len(fold), found.shape[1]) if output is None else output
        output[torch.from_numpy(fold == number)] = found
    prediction = network.decode(output.to(device)).cpu().numpy()
    return Crossed(prediction, np.searchsorted(np.unique(fold), fold), heads)
