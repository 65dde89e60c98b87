"""A run -> what exact heads learn from, are judged by and are written into."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.batch import Split
from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.transfer import Linear, Plan, Score, solve_head
from groundwork.transfer.attempts import Solve


def solver(context: Context, device: torch.device) -> Solve:
    """Give the function that solves heads with the weights of the run's classes."""
    weights, num_outputs = loss_weights(context), len(context.prepared.names)
    labels = context.prepared.target.has_labels
    moved = None if weights is None else weights.to(device)

    def solve(inputs: Tensor, target: Tensor, strengths: Sequence[float]) -> Iterator[Linear]:
        heads = solve_head(inputs.to(device), target.to(device), num_outputs, strengths, moved, labels=labels)
        return (Linear(head.weight.cpu(), head.bias.cpu()) for head in heads)

    return solve


def targets_of(context: Context, network: Network, plan: Plan, splits: Sequence[Split]) -> Tensor:
    """Give what heads are compared with, of all views of one split after the other."""
    prepared = context.prepared
    repeats = (plan.views,) if prepared.encoded.ndim == 1 else (plan.views, 1)
    return scaled_target(
        network, np.concatenate([np.tile(prepared.targets(split), repeats) for split in splits])
    )


def loss_weights(context: Context) -> Tensor | None:
    """Give the weights of the classes, (K,) float32; None where all count alike."""
    weights = context.class_weights
    return None if weights is None else torch.as_tensor(weights, dtype=torch.float32)


def score_by(
    context: Context,
    network: Network,
    device: torch.device,
    truth: NDArray[Any],
    keep: Callable[[NDArray[Any]], None] | None = None,
) -> Score:
    """Give the function that `choose_cut` judges heads by; -inf where the monitored metric is undefined.

    Args:
        keep: Gets the prediction of each head when it is first judged.
    """
    prepared, metrics, monitor = context.prepared, context.metrics, context.config.monitor
    sign = context.sign

    def score(output: Tensor, draws: NDArray[np.float64]) -> NDArray[np.floating]:
        prediction = network.decode(output.to(device)).cpu().numpy()
        if keep is not None and draws.shape[1] == 1:
            keep(prediction)
        values = sign * metrics.resampled(monitor, prediction, truth, prepared.names, draws)
        return np.where(np.isfinite(values), values, -np.inf)

    return score


def scaled_target(network: Network, target: NDArray[Any]) -> Tensor:
    """Turn targets into what the head's output is compared with: classes as they are, values scaled."""
    tensor = torch.as_tensor(target)
    head: Any = network.head
    if tensor.ndim == 1:
        return tensor
    if not hasattr(head, "scale_target"):
        return tensor.float()  # labels
    scaled: Tensor = head.scale_target(tensor.to(head.center.device))
    return scaled.cpu()


def set_head(network: Network, head: Linear) -> None:
    """Write a solved head into a network."""
    linear: Any = network.head
    with torch.no_grad():
        linear.linear.weight.copy_(head.weight)
        linear.linear.bias.copy_(head.bias)
