"""Out of memory -> one line that names the batch size and what to set, or with `batch_size=auto` a smaller batch."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line
from groundwork.core.ranks import world_size
from groundwork.train.machine.batch_size import smaller_batch

# How torch says it where it raises no error of its own: memory of the processor, memory shared with workers.
PROCESSOR = "can't allocate memory"
SHARED = ("shared memory", "Bus error")
KILLED = "A process in the process pool was terminated abruptly"
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
        text, said = str(error), _sentence(error)
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
        if text.startswith(KILLED):
            raise UserError(
                f"the workers that decode images must stay alive, but: {said} The system ends them where memory is "
                f"short. Raise paths.cache_gb, so that images are decoded once and none are needed, or {lower}."
            ) from error
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or PROCESSOR in text:
            raise BatchTooLargeError(_advice(config, said)) from error
        raise


@dataclass(frozen=True)
class Beginning:
    """Remember where a phase began, so that it can begin again with a smaller batch.

    Attributes:
        number: Of the phase, from 1.
        weights: Of the whole network.
        rows: Of the history.
    """

    number: int
    weights: dict[str, Tensor]
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, number: int, network: nn.Module, rows: list[dict[str, Any]]) -> "Beginning":
        """Copy what a phase is about to change."""
        return cls(number, {name: value.clone() for name, value in network.state_dict().items()}, list(rows))


def remembers(config: DictConfig) -> bool:
    """Tell whether a batch that does not fit into memory may shrink.

    Where a phase began is known to one process alone: several ranks would fall out of step.
    """
    return bool(config.data.get("shrink_batch")) and world_size() == 1


def shrink_batch(config: DictConfig) -> str:
    """Set `data.batch_size` and `trainer.accumulate_grad_batches` to what needs less memory, and say so in one line."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    before = config.data.batch_size
    trainer = config.trainer
    config.data.batch_size, trainer.accumulate_grad_batches = smaller_batch(
        before, trainer.accumulate_grad_batches
    )
    return (
        f"data.batch_size={before} does not fit into memory: this phase begins again with "
        f"{config.data.batch_size} samples at a time, {trainer.accumulate_grad_batches} times a step"
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


def _sentence(error: BaseException) -> str:
    first = first_line(error)
    return first if first.endswith(".") else f"{first}."
