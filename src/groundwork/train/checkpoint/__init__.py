"""the state of a training -> checkpoints -> the same state, to the last bit."""

from groundwork.train.checkpoint.checkpoint import (
    AtomicCheckpointIO,
    check_space,
    keep_finished,
    keep_previous,
    load,
    load_last,
    load_model,
    save,
)

__all__ = [
    "AtomicCheckpointIO",
    "check_space",
    "keep_finished",
    "keep_previous",
    "load",
    "load_last",
    "load_model",
    "save",
]
