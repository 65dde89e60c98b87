"""Out of memory -> one line that names the batch size and what to set."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig

from groundwork.batch import UserError

# How torch says it where it raises no error of its own: memory of the processor, memory shared with workers.
PROCESSOR = "can't allocate memory"
SHARED = ("shared memory", "Bus error")


@contextmanager
def memory_explained(config: DictConfig) -> Iterator[None]:
    """Say what to change when a block runs out of memory.

    Raises:
        UserError: If it does.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if any(sign in str(error) for sign in SHARED):
            raise UserError(
                f"/dev/shm must have room for the batches of the workers, but: {_first_line(error)} Enlarge it "
                f"(docker run --shm-size=8g), or lower data.batch_size={config.data.batch_size}."
            ) from error
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or PROCESSOR in str(error):
            raise UserError(_advice(config, _first_line(error))) from error
        raise


def _advice(config: DictConfig, reason: str) -> str:
    size, accumulate = int(config.data.batch_size), int(config.trainer.accumulate)
    said = f"data.batch_size={size} must fit into memory, but does not: {reason}"
    if size < 2:
        return f"{said} Take a smaller model, or a smaller data.image_size."
    # Equal steps: half as many samples at a time, twice as many times.
    return f"{said} Start anew with data.batch_size={size // 2} trainer.accumulate={2 * accumulate}."


def _first_line(error: BaseException) -> str:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return first if first.endswith(".") else f"{first}."
