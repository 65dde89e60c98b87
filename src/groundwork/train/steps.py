"""A configuration and its batches -> the number of optimizer steps."""

from omegaconf import DictConfig

from groundwork.core.ranks import world_size
from groundwork.data import GroundworkDataModule


def count_steps(config: DictConfig, data: GroundworkDataModule, epochs: int) -> int:
    """Count the optimizer steps of a phase, as far as `trainer` does not end it earlier by time."""
    trainer, batches = config.trainer, data.num_batches(world_size())
    limit = int(trainer.fast_dev_run) or trainer.overfit_batches or trainer.limit_train_batches
    if limit is not None:
        batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    epochs = 1 if trainer.fast_dev_run else epochs
    steps: int = max(1, epochs * -(-batches // trainer.accumulate_grad_batches))
    return min(steps, int(trainer.max_steps)) if trainer.max_steps > 0 else steps
