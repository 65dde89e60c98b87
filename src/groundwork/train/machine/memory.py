"""Out of memory -> one line that names the batch size and what to set, or with `batch_size=auto` a smaller batch."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.train.machine.batch_size import smaller_batch

# How torch says it where it raises no error of its own: memory of the processor, memory shared with workers.
PROCESSOR = "can't allocate memory"
SHARED = ("shared memory", "Bus error")
KILLED = "DataLoader worker"
HANDLES = ("Too many open files", "received 0 items of ancdata")


class BatchTooLargeError(UserError):
    """Tell that a batch does not fit into memory."""


@contextmanager
def memory_explained(config: DictConfig) -> Iterator[None]:
    """Say what to change when a block runs out of memory, of what workers share, or of file handles.

    Raises:
        UserError: If it does; BatchTooLargeError if fewer samples at a time would help.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text, said = str(error), _first_line(error)
        lower = f"lower data.batch_size={config.data.batch_size}"
        if any(sign in text for sign in SHARED):
            raise UserError(
                f"/dev/shm must have room for the batches of the workers, but: {said} Enlarge it "
                f"(docker run --shm-size=8g), or {lower}."
            ) from error
        if any(sign in text for sign in HANDLES):
            raise UserError(
                f"the workers must share their batches, but: {said} Raise the limit, as by `ulimit -n 4096`."
            ) from error
        if text.startswith(KILLED) and "killed by signal" in text:
            raise UserError(
                f"the workers that decode images must stay alive, but: {said} The system ends them where memory is "
                f"short. Raise paths.cache_gb, so that images are decoded once and none are needed, or {lower}."
            ) from error
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or PROCESSOR in text:
            raise BatchTooLargeError(_advice(config, said)) from error
        raise


def fit_into_memory(config: DictConfig, train: Callable[[], int], begin_again: Callable[[str], None]) -> int:
    """Train, and where a batch does not fit into memory, again with a smaller one.

    Args:
        config: Of the run; `data.batch_size` and `trainer.accumulate_grad_batches` become what fits.
        train: Returns the best epoch.
        begin_again: Brings everything back to where `train` began, and says the line that it gets.

    Raises:
        BatchTooLargeError: If not even a single sample fits.
    """
    while True:
        try:
            with memory_explained(config):
                return train()
        except BatchTooLargeError:
            before = config.data.batch_size
            if before < 2:
                raise
        # Outside of the handler: the error holds on to what the failed step computed.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        config.data.batch_size, config.trainer.accumulate_grad_batches = smaller_batch(
            before, config.trainer.accumulate_grad_batches
        )
        begin_again(
            f"data.batch_size={before} does not fit into memory: this phase begins again with "
            f"{config.data.batch_size} samples at a time, {config.trainer.accumulate_grad_batches} times a step"
        )


def _advice(config: DictConfig, reason: str) -> str:
    size, accumulate = int(config.data.batch_size), int(config.trainer.accumulate_grad_batches)
    said = f"data.batch_size={size} must fit into memory, but does not: {reason}"
    if size < 2:
        return f"{said} Take a smaller model, or a smaller data.image_size."
    # Equal steps: fewer samples at a time, more often.
    size, accumulate = smaller_batch(size, accumulate)
    words = f"data.batch_size={size} trainer.accumulate_grad_batches={accumulate}"
    return f"{said} Start anew with {words}, or data.batch_size=auto."


def _first_line(error: BaseException) -> str:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return first if first.endswith(".") else f"{first}."
