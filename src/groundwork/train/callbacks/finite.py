"""Loss and gradient -> the run goes on, skips the step, or ends with the name of what broke it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from groundwork.core.patches import accumulates, count_not_finite
from groundwork.task import Task
from groundwork.train.part import Part


class CheckFinite(Callback):
    """Stop when loss or gradient is no longer a finite number, naming epoch, step and samples.

    Each step leaves two numbers on the device, its loss and whether its gradient is finite; they are read every `every`
    steps and before a checkpoint is written, so that none ever holds what a broken step left behind.

    Args:
        every: Steps between looks; each look waits for the device.
        skip: NaN/inf steps to skip per phase before stopping; every step is looked at until then.
        sample_ids: (N,) names of the samples, by row; None where batches do not tell which they hold.
    """

    def __init__(self, every: int, skip: int, sample_ids: pd.Series | None):
        self.every, self.skip, self.sample_ids = every, skip, sample_ids
        self.skipped = 0
        # Epoch, step, rows, loss, and 1 where the gradient is not finite, else 0.
        self._steps: list[tuple[int, int, Tensor | None, Tensor, Tensor]] = []
        self._broken: Tensor | None = None
        self._leaves_out = False

    def on_phase_start(self, part: Part) -> None:
        """Count the steps that are left out anew."""
        self.skipped = 0

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Look at the gradient of this step, summed over its batches."""
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            return  # half precision overflows by design: its scaler leaves such a step out and goes on
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        if not gradients:
            return
        broken = not_finite(gradients)
        if self.skipped < self.skip and bool(broken):
            self.skipped += 1
            self._steps.clear()  # of the batches before this one, whose gradients go with it
            self._leaves_out = True
            if isinstance(pl_module, Task):
                pl_module.forget_broken_loss()
            # Without a gradient an optimizer leaves a weight and its moments as they are.
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
            return
        # Several optimizers may step in one batch.
        self._broken = broken if self._broken is None else torch.maximum(self._broken, broken)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep what must be finite of this step, and look every few steps."""
        if self._leaves_out:
            self._leaves_out = False
            return
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        broken, self._broken = self._broken, None
        if not isinstance(loss, Tensor):  # a module that steps by itself need not return one
            loss = torch.zeros((), device=pl_module.device)
        loss = loss.detach()
        if broken is None:  # no optimizer step here, or one that is left to a scaler
            broken = loss.new_zeros(1)
        rows = None if self.sample_ids is None else batch.index
        self._steps.append((trainer.current_epoch + 1, trainer.global_step, rows, loss, broken))
        # A step that may be left out is judged with its gradient, at the last of its batches.
        may_skip = self.skipped < self.skip
        if not accumulates(trainer) if may_skip else len(self._steps) >= self.every:
            self.look()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look before anything is measured."""
        self.look()

    def look(self) -> None:
        """Read the judgments since the last look.

        Raises:
            FloatingPointError: If a step was not finite.
        """
        steps, self._steps = self._steps, []
        if not steps:
            return
        losses, broken = torch.stack([step[3] for step in steps]), torch.cat([step[4] for step in steps])
        finite = (torch.isfinite(losses) & (broken == 0)).tolist()
        if all(finite):
            return
        epoch, step, rows, *_ = steps[finite.index(False)]
        where, rate = "", "the learning rate"
        if self.sample_ids is not None and rows is not None:
            names = ", ".join(self.sample_ids.iloc[rows.tolist()].head(5))
            where, rate = f" (samples {names}, ...)", "optim.lr"
        raise FloatingPointError(
            f"loss or gradient is not a finite number in epoch {epoch}, step {step}{where}. "
            f"Lower {rate}, or set trainer.gradient_clip_val=1."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return how many steps were left out."""
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.skipped = state_dict["skipped"]


def not_finite(gradients: list[Tensor]) -> Tensor:
    """Tell by 1 or 0, (1,) on their device, whether a number of some gradients is not finite."""
    device = gradients[0].device
    if device.type not in ("cpu", "cuda"):
        return (~torch.isfinite(torch.nn.utils.get_total_norm(gradients))).float()[None]
    return count_not_finite(gradients)
