"""A configuration and this machine -> what a backbone computes in where it only evaluates; kept with the run."""

import time

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.ranks import from_first
from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.machine.choosing import knows_bf16, remembered
from groundwork.train.machine.execution import AUTOCAST, Execution
from groundwork.train.machine.timing import NUM_IMAGES, WORTH
from groundwork.transfer import Plan, StageReader

REPEATS = 3
# Largest rounding of features, as a share of how they vary between images, that `auto` takes for speed. The depthwise
# convolutions of EfficientNet-Lite0 round by 0.15: on the solar cells, heads on such features lost 0.4 points of AUROC
# and 3 % of log loss (means of 8 splits of train and val). A backbone that trains in bfloat16 learns to live with it.
CLOSE = 0.03


def evaluation_precision(config: DictConfig) -> torch.dtype:
    """Give what the backbone of a run computes in for features and predictions; the head computes in float32.

    Only what the run wrote down counts, whatever machine it is read on: "auto" is left where nothing was to choose.
    """
    return AUTOCAST.get(config.trainer.precision, torch.float32)


def settle_precision(context: Context, network: Network, plan: Plan, device: torch.device) -> None:
    """Choose `trainer.precision=auto` before a frozen backbone is read, by what that costs, and write it down.

    Where float32 is chosen, phases that train the backbone still measure their own steps.
    """
    config, prepared = context.config, context.prepared
    if config.trainer.precision != "auto":
        return

    def choose() -> Execution:
        inputs = prepared.source.batch(prepared.rows["train"][: config.data.batch_size])
        return remembered(
            config, network, inputs, device, "features", lambda: faster_precision(network, inputs, device)
        )

    chosen = from_first(choose)
    if chosen.precision not in AUTOCAST and not plan.head_only:
        return
    config.trainer.precision = chosen.precision
    context.keep_config()
    if chosen.gain > 1:
        context.console.say(
            f"trainer: features and predictions in {chosen.precision}, {chosen.gain:.2f} times as fast as in 32-true"
        )


def faster_precision(network: Network, inputs: Tensor, device: torch.device) -> Execution:
    """Time the forward of a frozen backbone in float32 and in bfloat16 on a few images as stored, and compare both."""
    some = inputs if device.type == "cuda" else inputs[:NUM_IMAGES]
    plain = Execution("channels_last", "32-true", torch.get_num_threads(), 1.0)
    if not knows_bf16(device):
        return plain
    exact, seconds = _read(network, some, device, torch.float32)
    lower, fewer = _read(network, some, device, torch.bfloat16)
    if seconds / fewer < WORTH or not all(map(_close, lower, exact)):
        return plain
    return Execution(plain.memory_format, "bf16-mixed", plain.threads, seconds / fewer)


def _close(lower: NDArray[np.float32], exact: NDArray[np.float32]) -> bool:
    """Tell whether features (B, D) of a stage are what they are in float32, as far as a head can tell."""
    return bool(np.linalg.norm(lower - exact) <= CLOSE * np.linalg.norm(exact - exact.mean(axis=0)))


def _read(
    network: Network, inputs: Tensor, device: torch.device, precision: torch.dtype
) -> tuple[list[NDArray[np.float32]], float]:
    """Read every stage a few times; give the features and the shortest time."""
    reader = StageReader(network.to(device), lambda _: inputs, device, precision, 0)
    rows = np.arange(len(inputs))
    features = reader(rows)  # also folds, allocates and chooses kernels
    best = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        reader(rows)
        best = min(best, time.perf_counter() - began)
    return features, best
