"""An error of a training -> one line that says what to change, or the phase begun again with a smaller batch."""

from lightning.fabric.utilities.exceptions import MisconfigurationException

from groundwork.core.errors import UserError
from groundwork.train.context import Context
from groundwork.train.machine.batch_size import batch_of_one
from groundwork.train.machine.memory import BatchTooLargeError, memory_explained, remembers, shrink_batch
from groundwork.train.own.run import OwnRun
from groundwork.train.phases import finish_phase


def explain_failure(run: Context | OwnRun, error: Exception) -> None:
    """Raise an error again, in one line where the user can change it; return where a smaller batch may do.

    Raises:
        UserError: That says what to change.
    """
    if said := _refused_by_lightning(run, error):
        raise UserError(said) from error
    if isinstance(run, OwnRun):
        raise error
    config = run.config
    if too_few := batch_of_one(error, config.data.batch_size, len(run.prepared.rows["train"])):
        raise too_few from error
    try:
        with memory_explained(config):
            raise error
    except BatchTooLargeError:
        if run.beginning is None or not remembers(config) or config.data.batch_size < 2:
            raise


def _refused_by_lightning(run: Context | OwnRun, error: Exception) -> str:
    """Say in one line what Lightning refuses of a configuration; empty where it is another error."""
    text = " ".join(str(error).split())
    if isinstance(error, ValueError) and "`val_check_interval`" in text:
        return (
            f"trainer.val_check_interval={run.config.trainer.val_check_interval} is more than an epoch has batches. "
            f"Lower it, or use trainer.val_every_n_steps=N, which counts on from epoch to epoch."
        )
    unknown = isinstance(error, RuntimeError) and "conditioned on metric" in text
    return f"Lightning: {text}" if unknown or isinstance(error, MisconfigurationException) else ""


def shrink(run: Context) -> None:
    """Bring a run back to where its phase began, with a smaller batch, as if it had been stopped there."""
    begun = run.beginning
    run.console.note(shrink_batch(run.config))
    run.model.network.cpu().load_state_dict(begun.weights)
    run.rows[:] = begun.rows
    run.keep_config()
    finish_phase(run, run.model.network, begun.number - 1, 0)
