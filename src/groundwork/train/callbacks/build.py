"""The group `callbacks` -> callbacks, in the order in which a run needs them."""

from collections.abc import Callable

import torch
from lightning.pytorch import Callback

from groundwork.core.console import Console
from groundwork.train.callbacks.entries import build_entry, in_order, wanted_entries
from groundwork.train.callbacks.phases import Phases, announce
from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.checkpoint.position import Position
from groundwork.train.context import Context
from groundwork.train.corrected import KeepTried
from groundwork.train.loop import enter_part
from groundwork.train.own.callbacks import build_own_callbacks
from groundwork.train.own.run import OwnRun
from groundwork.train.part import Part
from groundwork.train.predict import predict_rows


def build_callbacks(context: Context | OwnRun) -> list[Callback]:
    """Build what happens beside the steps of a run, in order."""
    if isinstance(context, OwnRun):
        return build_own_callbacks(context)
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
    callbacks = [build_entry(node, run, direction) for node in wanted_entries(context).values()]
    callbacks = in_order(
        [*callbacks, KeepTried(context.tried), phases, position, *build_pruning(context.rows, monitor)]
    )
    if parts:
        announce(callbacks, parts[0])
    return callbacks


def measure_train(context: Context) -> Callable[[Part, torch.device], dict[str, float]]:
    """Give a function that measures the train split, each row once, in evaluation mode."""
    prepared = context.prepared

    def measure(part: Part, device: torch.device) -> dict[str, float]:
        rows = prepared.rows["train"]
        quiet = Console(quiet=True)
        prediction = predict_rows(context.config, part.network, part.source, rows, device, quiet, "")
        return context.metrics(prediction, prepared.targets("train"), prepared.names)

    return measure
