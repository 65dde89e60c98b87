"""Loss and gradient -> the run goes on, skips the step, or ends with the name of what broke it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer


class CheckFinite(Callback):
    """Stop when loss or gradient is no longer a finite number, naming epoch, step and samples.

    Each step leaves one number on the device, loss plus norm of the gradient; they are read every `every` steps and
    before a checkpoint is written, so that none ever holds what a broken step left behind.

    Args:
        every: Steps between looks; each look waits for the device.
        skip: Steps of a run that may be left out instead; every step is then looked at. 0 stops at the first.
        sample_ids: (N,) names of the samples, by row.
    """

    def __init__(self, every: int, skip: int, sample_ids: pd.Series):
        self.every, self.skip, self.sample_ids = every, skip, sample_ids
        self.skipped = 0
        self._steps: list[tuple[int, int, Tensor, Tensor]] = []  # epoch, step, rows, what must be finite
        self._norm: Tensor | None = None

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
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.skipped < self.skip and not bool(torch.isfinite(norm)):
            self.skipped += 1
            self._steps.clear()
            # Without a gradient an optimizer leaves a weight and its moments as they are.
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
            return
        self._norm = norm

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep what must be finite of this step, and look every few steps."""
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
        # No sum of two numbers that are not finite is finite, since a norm is never -inf.
        value = loss.detach() if self._norm is None else loss.detach() + self._norm
        self._norm = None
        self._steps.append((trainer.current_epoch + 1, trainer.global_step, batch.index, value))
        if len(self._steps) >= self.every or self.skipped < self.skip:
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
        finite = torch.isfinite(torch.stack([step[3] for step in steps])).tolist()
        if all(finite):
            return
        epoch, step, rows, _ = steps[finite.index(False)]
        names = ", ".join(self.sample_ids.iloc[rows.tolist()].head(5))
        raise FloatingPointError(
            f"loss or gradient is not a finite number in epoch {epoch}, step {step} (samples {names}, ...). "
            f"Lower optim.lr, or set trainer.gradient_clip=1."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return how many steps were left out."""
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.skipped = state_dict["skipped"]
