"""Your training step: a batch -> the loss to minimize. `task.module` in conf/experiment/mine.yaml names this class."""

from typing import Any

from torch import Tensor

from groundwork.core.batch import Batch
from groundwork.task import ClassificationTask


class UnsureTask(ClassificationTask):
    """Classify, and reward predictions that stay unsure.

    l = loss - beta * entropy of the predicted probabilities

    Validation, test and prediction are inherited; override `validation_step` and its kin to change them.

    Args:
        beta: Weight of the entropy (nats), at least 0.
        options: What every task takes; see `groundwork.task.Task`.

    Source:
        Pereyra et al. 2017, arXiv:1701.06548, section 3.
    """

    def __init__(self, beta: float, **options: Any):
        super().__init__(**options)
        self.beta = beta

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute one scalar; `self.log` works as in any LightningModule."""
        inputs, target = self.prepare(batch)  # augments, where augmentation is on
        logits = self.network(inputs)
        losses = self.loss(logits, target, batch.weight)  # (B,)
        self.count_loss(losses.detach())  # their mean becomes train/loss in history.csv
        log_probs = logits.log_softmax(dim=1)
        entropy = -(log_probs.exp() * log_probs).sum(dim=1).mean()
        objective: Tensor = losses.mean() + self.penalty(self.network) - self.beta * entropy
        return objective
