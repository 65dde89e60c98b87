"""Your callback: what happens beside the training loop. `callbacks` in conf/experiment/mine.yaml names it."""

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch import Callback
from torch.nn.utils import get_total_norm


class LogWeightNorm(Callback):
    """Log the Euclidean norm of all trained weights: to steps.csv, and to every logger.

    Args:
        every_n_steps: Optimizer steps between two values.
    """

    def __init__(self, every_n_steps: int):
        self.every_n_steps = every_n_steps

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log one number; Lightning calls this after each step, and other hooks at other times."""
        if trainer.global_step % self.every_n_steps == 0:
            trained = [weight for weight in pl_module.parameters() if weight.requires_grad]
            pl_module.log("weight_norm", get_total_norm(trained))
