"""The group `callbacks` -> callbacks, in the order in which a run needs them."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import torch
from hydra.utils import get_class, instantiate
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import WeightAveraging
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.callbacks.gradients import Gradients
from groundwork.train.callbacks.history import History, ProgressBar
from groundwork.train.callbacks.phases import Phases, announce
from groundwork.train.callbacks.pruning import Pruning, build_pruning
from groundwork.train.callbacks.stop import EarlyStopping
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.checkpoint.position import Position
from groundwork.train.context import Context
from groundwork.train.corrected import KeepTried
from groundwork.train.loop import enter_part
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.part import Part
from groundwork.train.predict import predict

# A broken step is never averaged or saved, a row of the history is in its checkpoint, and a pruned run is saved, too.
FIRST = (CheckFinite, WeightAveraging, History, KeepTried, Gradients)
LAST = (ProgressBar, EarlyStopping, Phases, Position, KeepBestAndLast, Pruning)
# The argument without which an entry does nothing: null switches it off.
SWITCHES = {"early_stopping": "patience", "ema": "decay"}
# What a run is without where an entry was removed.
LOST = {
    "early_stopping": "a phase trains all its epochs, even if the monitor no longer improves",
    "finite": "a loss or gradient that is NaN or infinite is not noticed",
    "history": "history.csv has no row for validations, and the report no curves",
    "checkpoint": "the last weights count, not the best, and a stopped run begins the phase again",
}


def build_callbacks(context: Context) -> list[Callback]:
    """Build what happens beside the steps of a run, in order."""
    config, parts = context.config, context.model.parts
    position = Position(config)
    phases = Phases(parts, lambda part: enter_part(context, part), context.folder, config.seed)
    monitor = f"val/{config.monitor}"
    run = {
        "monitor": monitor,
        "mode": context.direction,
        "folder": context.folder,
        "rows": context.rows,
        "console": context.console,
        "measure": measure_train(context),
        "sample_ids": context.prepared.samples.sample_id,
        "extra": context.describe,
        "position": position,
        "phases": phases,
    }
    direction = context.metrics.direction
    callbacks = [_build(node, run, direction) for node in _wanted(context).values()]
    callbacks = in_order(
        [*callbacks, KeepTried(context.tried), phases, position, *build_pruning(context.rows, monitor)]
    )
    if parts:
        announce(callbacks, parts[0])
    return callbacks


def _wanted(context: Context) -> dict[str, DictConfig]:
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


def _build(node: DictConfig, run: Mapping[str, Any], direction: Callable[[str], str]) -> Callback:
    """Build one callback; ours also take what only the run knows, any other its monitor."""
    ours = node._target_.startswith(f"{__name__.partition('.')[0]}.")
    given = dict(run) if ours else {name: run[name] for name in ("monitor", "mode")}
    if node.get("monitor"):
        given["mode"] = direction(node.monitor)
    known = signature(get_class(node._target_)).parameters
    missing = {name: given[name] for name in known if name in given and name not in node}
    # First the arguments of the configuration, then the objects: Hydra would copy or convert these.
    callback: Callback = instantiate(node, _partial_=True, _convert_="all")(**missing)
    return callback


def measure_train(context: Context) -> Callable[[Part, torch.device], dict[str, float]]:
    """Give a function that measures the train split, each row once, in evaluation mode."""
    prepared, size = context.prepared, context.config.data.batch_size

    def measure(part: Part, device: torch.device) -> dict[str, float]:
        rows = prepared.rows["train"]
        # what the steps compute in is settled by now
        precision = evaluation_precision(context.config)
        quiet = Console(quiet=True)
        prediction = predict(part.network, part.source, rows, size, device, precision, quiet, "")
        return context.metrics(prediction, prepared.targets("train"), prepared.names)

    return measure
