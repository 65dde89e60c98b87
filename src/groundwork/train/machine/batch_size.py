"""`data.batch_size` and `trainer.accumulate_grad_batches`: how many samples at a time, and how many times a step."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.train.custom import own_data


def settle_batch_size(config: DictConfig, standard: Path) -> None:
    """Turn `data.batch_size=auto` into a number that may shrink; that of a table follows from its rows, later.

    Args:
        standard: File of conf/ that says how many samples `auto` begins with.

    Raises:
        UserError: If it is neither auto nor a whole number of at least 1.
    """
    if own_data(config):
        return  # of which the argument may mean anything
    size = OmegaConf.select(config, "data.batch_size")
    if size == "auto":
        if config.data.kind != "table":
            config.data.batch_size = OmegaConf.load(standard).batch_size
        config.data.shrink_batch = True
    elif size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise UserError(
            f"data.batch_size must be auto or a whole number of at least 1, but got {size}. Change it."
        )


def smaller_batch(batch_size: int, accumulate: int) -> tuple[int, int]:
    """Take at most half as many samples at a time, so much more often that a step takes as many as before.

    Returns:
        Batch size, a divisor of the samples of a step; batches per step.
    """
    step = batch_size * accumulate
    size = next(size for size in range(batch_size // 2, 0, -1) if step % size == 0)
    return size, step // size


def batch_of_one(error: Exception, batch_size: int, num_rows: int) -> UserError | None:
    """Say that BatchNorm cannot train on a batch of one; None where an error is another.

    Such a batch comes of `data.batch_size=1` or of a single training row alone: `slices` leaves no single sample over.
    """
    if "Expected more than 1 value per channel" not in str(error):
        return None
    if num_rows < 2:
        return UserError(
            f"train must hold two samples for a network with BatchNorm, but holds {num_rows}. Bring more data."
        )
    return UserError(
        "data.batch_size must be 2 or more for a network with BatchNorm, which cannot train on one value per "
        f"channel, but got {batch_size}. Set data.batch_size=2."
    )
