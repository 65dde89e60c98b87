"""What whoever starts a run hands to the function of scripts/train.py, beside the configuration."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Target


@dataclass
class Job:
    """Hold where a run takes place, and how its configuration is completed once the data is known.

    Attributes:
        folder: Of the run.
        console: Where to speak.
        overrides: That composed the configuration.
        resume: Go on with the split and the last checkpoint that the folder holds.
        complete: Replaces what is `auto` by what the data says; those of the user's own tell nothing.
        choose: Gives the configuration with the transfer scenario that the advice takes.
        run: What became of it, once its data is read.
    """

    folder: RunFolder
    console: Console
    overrides: tuple[str, ...]
    resume: bool
    complete: Callable[[DictConfig, Samples | None, Target | None], DictConfig]
    choose: Callable[[str], DictConfig]
    run: Any = None


_job: ContextVar[Job | None] = ContextVar("job", default=None)


@contextmanager
def working_on(job: Job) -> Iterator[None]:
    """Let `settle` find a job inside a block."""
    before = _job.set(job)
    try:
        yield
    finally:
        _job.reset(before)


def current_job() -> Job:
    """Return the job of this run.

    Raises:
        UserError: If the function of a script was called by hand.
    """
    job = _job.get()
    if job is None:
        raise UserError(
            "a run must be started by its command or by groundwork.fit, but its function was called by itself. "
            "Use groundwork.fit([...])."
        )
    return job
