"""Histograms of the gradients while training, for the loggers that show them."""

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

BINS = 64


class Gradients(Callback):
    """Append one line to `gradients.jsonl` every N steps: layer -> counts and edges of its gradient's values.

    Args:
        path: Of the file.
        every: Steps between lines.
    """

    def __init__(self, path: Path, every: int):
        self.path, self.every = path, every

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Count the gradients of this step."""
        if trainer.global_step % self.every or not trainer.is_global_zero:
            return
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        # A fused step undoes the scale of half precision by itself, after this.
        scale = (
            scaler.get_scale() if scaler and getattr(optimizer, "_step_supports_amp_scaling", False) else 1.0
        )
        layers = {}
        for name, parameter in pl_module.named_parameters():
            if parameter.grad is not None and bool(torch.isfinite(parameter.grad).all()):
                counts, edges = torch.histogram(parameter.grad.detach().float().cpu() / scale, BINS)
                layers[name.removeprefix("network.")] = {"counts": counts.tolist(), "edges": edges.tolist()}
        line = json.dumps({"step": trainer.global_step, "layers": layers})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
