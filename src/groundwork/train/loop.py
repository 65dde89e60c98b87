"""The parts of a run -> one `Trainer.fit` over all of them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch import Callback
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.ranks import world_size
from groundwork.model import Network
from groundwork.task import Task
from groundwork.train.assemble import (
    assemble_task,
    average_weights,
    build_data_module,
    count_steps,
    network_reads_images,
    phase_settings,
    record_gradients,
)
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.callbacks.history import History, ProgressBar
from groundwork.train.callbacks.phases import Phases, announce
from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.checkpoint.position import Position
from groundwork.train.context import Context
from groundwork.train.execute import recompute, settle_execution
from groundwork.train.machine.execution import compile_in_place
from groundwork.train.machine.memory import Beginning, remembers
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.part import Part
from groundwork.train.predict import predict


def first_task(run: Context, parts: Sequence[Part], whole: Network) -> Task:
    """Build the task that trains some parts one after the other, and the data module that it reads.

    Args:
        parts: In order; none where an exact head is all there is.
        whole: What the task holds then.
    """
    for part in parts:
        if network_reads_images(part.network):  # one precision serves all
            settle_execution(run, part.network, part.source)
    first = parts[0] if parts else _nothing(run, whole)
    run.datamodule = build_data_module(run, first.source)
    task = assemble_task(run, enter_part(run, first))
    first.network.train()  # Lightning leaves every module in the mode that it finds; frozen ones stay as they are
    return task


def _nothing(run: Context, whole: Network) -> Part:
    phase = run.plan.phases[-1]
    return Part(1, phase, whole, run.prepared.source, 1, lambda: None, lambda: None)


def enter_part(run: Context, part: Part) -> dict[str, Any]:
    """Freeze and lay out what a part trains, and give the arguments of `Task.begin`."""
    if remembers(run.config):
        run.beginning = Beginning.of(part.number, run.model.network, run.rows)
    part.enter()
    execution = settle_execution(run, part.network, part.source)
    recompute(run, part.network)
    if execution.compiled:
        compile_in_place(part.network)
    return phase_settings(run, part, count_steps(run.config, run.datamodule, part.epochs))


def build_callbacks(context: Context) -> list[Callback]:
    """Build the callbacks of a run in the order in which they must come."""
    config, parts = context.config, context.model.parts
    wanted, monitor = config.callbacks, f"val/{config.monitor}"
    finite = CheckFinite(wanted.check_finite_every, wanted.skip_nonfinite, context.prepared.samples.sample_id)
    position = Position()
    phases = Phases(parts, lambda part: enter_part(context, part), context.folder, config.seed)
    keep = KeepBestAndLast(
        context.folder,
        monitor,
        context.direction,  # type: ignore[arg-type]  # max or min, as `direction` says
        wanted.patience,
        wanted.checkpoint_minutes,
        context.describe,
        finite,
        position,
        phases,
    )
    measure = _measure_train(context) if wanted.train_metrics else None
    # In this order: a broken step is never averaged or saved, a row of the history is in its checkpoint.
    callbacks = [
        finite,
        *average_weights(config),
        History(context.folder.history, context.rows, measure),
        *record_gradients(context),
        *[instantiate(node) for node in wanted.extra.values()],
        ProgressBar(context.console, monitor),
        phases,
        position,
        keep,
        *build_pruning(context.rows, monitor),  # last: a pruned run is saved, too
    ]
    if parts:
        announce(callbacks, parts[0])
    return callbacks


def _measure_train(context: Context) -> Callable[[Part, torch.device], dict[str, float]]:
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


def batch_line(config: DictConfig) -> str:
    """Say how many samples a step takes on all devices together, and what that means for the learning rate."""
    devices, batch_size, accumulate = world_size(), config.data.batch_size, config.trainer.accumulate
    return (
        f"{devices} devices x batch {batch_size} x accumulate {accumulate}: {devices * batch_size * accumulate} "
        f"samples a step; optim.lr={config.optim.lr:g} is taken as it is (a rule for another batch: in proportion "
        f"for sgd, by the square root for adamw)"
    )
