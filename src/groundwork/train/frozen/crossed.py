"""A head that learns from train and val in the end -> heads of folds, each of which did not see some of the rows."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.frozen.features import StageFeatures
from groundwork.train.frozen.folds import out_of_fold
from groundwork.train.frozen.targets import set_head, solver, targets_of
from groundwork.train.served import served
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
    num_train = len(context.prepared.rows["train"])
    views = view_rows(served(context.config).views, plan.views, num_train, len(fold) - num_train)
    average: Any = getattr(network.head, "average", None)
    output: Any = None
    heads = []
    for number in np.unique(fold):
        learned = torch.from_numpy(every.fold != number)
        (head,) = solve(inputs[learned], target[learned], [choice.strength])
        heads.append(head)
        held = np.flatnonzero(fold == number)
        shown = [head(inputs[torch.from_numpy(rows[held])]) for rows in views]
        found = shown[0] if len(shown) == 1 else average(torch.stack(shown, 1))
        output = found.new_empty(len(fold), found.shape[1]) if output is None else output
        output[torch.from_numpy(held)] = found
    prediction = network.decode(output.to(device)).cpu().numpy()
    return Crossed(prediction, np.searchsorted(np.unique(fold), fold), heads)


def view_rows(asked: int, views: int, num_train: int, num_val: int) -> list[NDArray[np.int64]]:
    """Say where each of the views that are served lies among all views of train and then of val, (N + M,) each."""
    train, val = np.arange(num_train), np.arange(num_val)
    start = views * num_train
    return [np.concatenate([train + v * num_train, start + v * num_val + val]) for v in range(asked)]


class FoldHeads(nn.Module):
    """Predict by the heads of all folds at once: what each gives stands side by side, (B, F * K) or (B, F * T).

    Args:
        networks: One per fold, which differ in their heads alone.
    """

    def __init__(self, networks: Sequence[Network]):
        super().__init__()
        self.heads = nn.ModuleList(network.head for network in networks)

    def forward(self, features: Tensor) -> Tensor:
        """Compute outputs."""
        return torch.cat([head(features) for head in self.heads], dim=1)

    def decode(self, output: Tensor) -> Tensor:
        """Turn outputs into predictions."""
        return torch.cat([self._first.decode(part) for part in output.chunk(len(self.heads), 1)], dim=1)

    def average(self, outputs: Tensor) -> Tensor:
        """Turn outputs of views (B, V, F * K) into those of the mean predictions."""
        return torch.cat([self._first.average(part) for part in outputs.chunk(len(self.heads), 2)], dim=1)

    @property
    def _first(self) -> Any:
        return self.heads[0]


def fold_network(network: Network, heads: Sequence[Linear]) -> Network:
    """Give the network with the heads of the folds in place of its own; the backbone is shared."""
    networks = []
    for head in heads:
        one = Network(
            network.normalize, network.backbone, network.pool, deepcopy(network.head), network.columns
        )
        set_head(one, head)
        networks.append(one)
    whole = Network(network.normalize, network.backbone, network.pool, FoldHeads(networks), network.columns)
    whole.temperature, whole.views = network.temperature, network.views
    return whole.eval()
