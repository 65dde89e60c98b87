"""Histograms of the gradients while training, for the loggers that show them."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core.errors import UserError
from groundwork.core.patches import logged_step

BINS = 64


class Gradients(Callback):
    """Log a histogram of every layer's gradient each N steps.

    Args:
        every: Steps between histograms; each one waits for the device.
    """

    def __init__(self, every: int):
        self.every = every

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a run without a logger for it.

        Raises:
            UserError: If no logger shows histograms.
        """
        if not any(hasattr(logger, "log_histograms") for logger in trainer.loggers):
            raise UserError(
                "groundwork.train.Gradients must find a logger that shows histograms, but there is none. Add "
                "logger=tensorboard or logger=wandb."
            )

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Count the gradients of this step."""
        if trainer.global_step % self.every or not trainer.is_global_zero:
            return
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        # A fused step undoes the scale of half precision by itself, after this.
        scale = (
            scaler.get_scale() if scaler and getattr(optimizer, "_step_supports_amp_scaling", False) else 1.0
        )
        histograms = {}
        for name, parameter in pl_module.named_parameters():
            if parameter.grad is not None and bool(torch.isfinite(parameter.grad).all()):
                counts, edges = torch.histogram(parameter.grad.detach().float().cpu() / scale, BINS)
                histograms[f"gradients/{name.removeprefix('network.')}"] = (counts.numpy(), edges.numpy())
        for logger in trainer.loggers:
            if hasattr(logger, "log_histograms"):
                logger.log_histograms(histograms, logged_step(trainer))
