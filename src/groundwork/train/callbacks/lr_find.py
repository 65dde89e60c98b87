"""A training that is about to start -> at which learning rate its loss falls fastest, found on a copy of it."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from rich.console import Console

from groundwork.core.batch import Batch
from groundwork.core.errors import UserError
from groundwork.data import GroundworkDataModule
from groundwork.train.checkpoint.position import random_state, restore_random

SMOOTHING = 0.9  # weight of the past in the mean of the losses; without its start, see `sweep`
DIVERGED = 4.0  # a loss so many times the lowest one ends the sweep
Draw = Callable[[Path, NDArray[np.float64], NDArray[np.float64], float | None], Path]
FEWEST = 5  # steps that say anything


class FindRate(Callback):
    """Raise the rate from batch to batch before the first step, and draw the loss into `figures/lr_find.*`.

    A copy of the task learns, on its own pass over the training samples; weights, generators and the position in the
    data stay as they are to the last bit.

    Args:
        lr: Rate of the configuration, to which those of the groups of parameters are in proportion.
        low: First rate, above 0.
        high: Last rate.
        steps: Batches, at most; a loss that diverges ends them.
        draw: (run folder, rates, losses, rate found) -> the picture of it; None draws nothing.

    Source:
        Smith, WACV 2017, arXiv:1506.01186.
    """

    def __init__(self, lr: float, low: float, high: float, steps: int, draw: Draw | None = None):
        if not (lr > 0 and 0 < low < high and steps >= FEWEST):
            raise UserError(
                f"lr_find must have 0 < low < high, {FEWEST} steps or more and optim.lr above 0, but got low={low}, "
                f"high={high}, steps={steps}, optim.lr={lr}. Change it."
            )
        self.lr, self.steps, self.draw = lr, steps, draw
        self.rates = np.geomspace(low, high, steps)
        self._is_done = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sweep before the first phase of a fresh run; on one process only, where there are several."""
        if self._is_done or trainer.global_step or not trainer.is_global_zero:
            return
        self._is_done = True
        before = random_state(pl_module.device)
        rates, losses = sweep(trainer, pl_module, self.rates, self.lr)
        restore_random(before, pl_module.device)
        found = steepest(rates, losses)
        folder = Path(trainer.default_root_dir)
        picture = "" if self.draw is None else f"   ({self.draw(folder, rates, losses, found)})"
        said = (
            f"the loss fell at no rate between {rates[0]:.2g} and {rates[-1]:.2g}; optim.lr stays as it is"
            if found is None
            else f"the loss falls fastest at {found:.2g}; try optim.lr={found:.1e}"
        )
        Console().print(f"learning rate: {said}{picture}", soft_wrap=True, markup=False, highlight=False)


def sweep(
    trainer: Trainer, task: LightningModule, rates: NDArray[np.float64], lr: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Train a copy of a task for one step at each rate.

    Returns:
        (S,) rates that were reached, and (S,) the running mean of the loss at each.
    """
    copy: Any = deepcopy(task, {id(trainer): trainer})
    optimizer = copy.optimizer(copy.network)
    own = [group["lr"] / lr for group in optimizer.param_groups]
    data: Any = trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it
    mean, lowest, means = 0.0, math.inf, []
    for step, (rate, batch) in enumerate(zip(rates, islice(_endless(data), len(rates)), strict=False)):
        for group, share in zip(optimizer.param_groups, own, strict=True):
            group["lr"] = rate * share
        batch = data.transfer_batch_to_device(batch, task.device, 0)
        with trainer.precision_plugin.train_step_context():
            loss = copy.training_step(batch, step)
        mean = SMOOTHING * mean + (1 - SMOOTHING) * float(loss.detach())
        smooth = mean / (1 - SMOOTHING ** (step + 1))
        if not math.isfinite(smooth) or smooth > DIVERGED * lowest:
            break
        lowest = min(lowest, smooth)
        means.append(smooth)
        optimizer.zero_grad()
        loss.backward()
        if trainer.gradient_clip_val:
            torch.nn.utils.clip_grad_norm_(copy.parameters(), trainer.gradient_clip_val)
        optimizer.step()
    return rates[: len(means)], np.array(means)


def steepest(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> float | None:
    """Give the rate at which the loss falls fastest per factor of the rate, before its lowest point; None: nowhere."""
    last = int(np.argmin(losses)) + 1 if len(losses) else 0
    if last < FEWEST:
        return None
    slope = np.gradient(losses[:last], np.log(rates[:last]))
    return float(rates[np.argmin(slope)])


def _endless(data: GroundworkDataModule) -> Iterator[Batch]:
    while True:
        yield from data.apart()
