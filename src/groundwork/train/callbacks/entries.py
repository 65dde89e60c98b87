"""Entries of the group `callbacks` -> those that take part, each built, and their order by role."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from hydra.utils import get_class
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import WeightAveraging
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.callbacks.gradients import Gradients
from groundwork.train.callbacks.history import History, ProgressBar
from groundwork.train.callbacks.phases import Phases
from groundwork.train.callbacks.pruning import Pruning
from groundwork.train.callbacks.stop import EarlyStopping
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.checkpoint.position import Position
from groundwork.train.context import Context
from groundwork.train.corrected import KeepTried
from groundwork.train.own.history import OwnHistory
from groundwork.train.own.keep import KeepEpochs
from groundwork.train.own.run import OwnRun

# A broken step is never averaged or saved, a row of the history is in its checkpoint, and a pruned run is saved, too.
FIRST = (CheckFinite, WeightAveraging, History, OwnHistory, KeepTried, Gradients)
LAST = (ProgressBar, EarlyStopping, Phases, Position, KeepBestAndLast, KeepEpochs, Pruning)
# The argument without which an entry does nothing: null switches it off.
SWITCHES = {"early_stopping": "patience", "ema": "decay"}
# What a run is without where an entry was removed.
LOST = {
    "early_stopping": "a phase trains all its epochs, even if the monitor no longer improves",
    "finite": "a loss or gradient that is NaN or infinite is not noticed",
    "history": "history.csv has no row for validations, and the report no curves",
    "checkpoint": "the last weights count, not the best, and a stopped run begins the phase again",
}


def wanted_entries(context: Context | OwnRun) -> dict[str, DictConfig]:
    """Choose the entries that `trainer` leaves in, and say what is missing."""
    config, trainer = context.config.callbacks, context.config.trainer
    left_out = {"progress"} if trainer.enable_progress_bar is False else set()
    if trainer.enable_checkpointing is False:
        left_out.add("checkpoint")
        context.note_once(f"trainer.enable_checkpointing=false: {LOST['checkpoint']}")
    if trainer.fast_dev_run:
        left_out |= {"checkpoint", "early_stopping"}
        context.note_once(
            f"trainer.fast_dev_run={trainer.fast_dev_run}: the first phase takes a few batches, no other one trains, "
            f"and no checkpoint is written on the way; the numbers mean nothing"
        )
    if trainer.max_time is not None:
        context.note_once(
            f"trainer.max_time={trainer.max_time} may end the run before the schedule reaches its final rate"
        )
    for name, node in config.items():
        if node is not None and str(node._target_).endswith(".GradientAccumulationScheduler"):
            context.note_once(
                f"callbacks.{name} makes the steps fewer than the schedule counts on, so that the rate does not reach "
                f"its final value"
            )
    for name, lost in LOST.items():
        if config.get(name) is None:
            context.note_once(f"callbacks.{name} was removed: {lost}")
    return {name: node for name, node in active(config).items() if name not in left_out}


def active(callbacks: DictConfig) -> dict[str, DictConfig]:
    """Give the entries that are not switched off."""
    return {
        str(name): node
        for name, node in callbacks.items()
        if node is not None and (name not in SWITCHES or node.get(SWITCHES[name], 0) is not None)
    }


def in_order(callbacks: list[Callback]) -> list[Callback]:
    """Sort by role; those without one keep their order between the two ends."""
    return sorted(callbacks, key=_place)


def _place(callback: Callback) -> int:
    places = (*FIRST, Callback, *LAST)
    return next((place for place, kind in enumerate(places) if kind is not Callback and isinstance(callback, kind)),
                len(FIRST))  # fmt: skip


def build_entry(node: DictConfig, run: Mapping[str, Any], direction: Callable[[str], str]) -> Callback:
    """Build one callback; ours also take what only the run knows, any other its monitor."""
    ours = node._target_.startswith(f"{__name__.partition('.')[0]}.")
    known = signature(get_class(node._target_)).parameters
    # The `mode` of a callback without a monitor is another thing: how a rate or a batch size is searched, for example.
    of_monitor = {name: run[name] for name in ("monitor", "mode") if {"monitor", "mode"} <= known.keys()}
    given = dict(run) if ours else of_monitor
    if node.get("monitor") and "mode" in known and node.get("mode") is None:
        given["mode"] = _direction(node, direction)
    missing = {name: given[name] for name in known if name in given and name not in node}
    needed = [
        one.name
        for one in known.values()
        if one.default is Parameter.empty
        and one.kind is not Parameter.VAR_KEYWORD
        and one.kind is not Parameter.VAR_POSITIONAL
    ]
    if ours and (absent := [name for name in needed if name not in missing and name not in node]):
        raise UserError(
            f"{node._target_} needs {absent[0]}, which a module of your own does not give. Remove it."
        )
    # First the arguments of the configuration, then the objects: Hydra would copy or convert these.
    callback: Callback = instantiate(node, _partial_=True, _convert_="all")(**missing)
    return callback


def _direction(node: DictConfig, direction: Callable[[str], str]) -> str:
    try:
        return direction(node.monitor)
    except UserError as error:
        raise UserError(
            f"{node._target_} with monitor={node.monitor} must say whether more or less of it is better. Add "
            f"mode=max or mode=min to its entry."
        ) from error
