"""A configuration and its batches -> the number of optimizer steps."""

from typing import Any

from omegaconf import DictConfig

from groundwork.core.ranks import world_size
from groundwork.data import GroundworkDataModule


def count_steps(config: DictConfig, data: GroundworkDataModule, epochs: int) -> int:
    """Count the optimizer steps of a phase, as far as `trainer` does not end it earlier by time."""
    trainer = config.trainer
    epochs = 1 if trainer.fast_dev_run else epochs
    batches = batches_per_epoch(trainer, data.num_batches(world_size()))
    steps: int = max(1, epochs * -(-batches // trainer.accumulate_grad_batches))
    return min(steps, int(trainer.max_steps)) if trainer.max_steps > 0 else steps


def batches_per_epoch(trainer: Any, batches: int) -> int:
    """Count the batches of an epoch that `trainer` leaves of those that there are.

    Args:
        trainer: The group of the configuration.
        batches: Of the data, on one device.
    """
    limit = int(trainer.fast_dev_run) or trainer.overfit_batches or trainer.limit_train_batches
    if limit is None:
        return batches
    return min(batches, limit) if isinstance(limit, int) else int(batches * limit)
