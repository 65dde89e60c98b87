"""The parts of a run -> one `Trainer.fit` over all of them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch import Callback
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.ranks import world_size
from groundwork.data import GroundworkDataModule
from groundwork.train.assemble import (
    average_weights,
    build_data_module,
    build_task,
    build_trainer,
    count_steps,
    network_reads_images,
    phase_settings,
    record_gradients,
)
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.callbacks.history import History, ProgressBar
from groundwork.train.callbacks.phases import Phases, announce, restore_best
from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.checkpoint.position import Position, seed_phase
from groundwork.train.context import Context
from groundwork.train.machine.batch_size import batch_of_one
from groundwork.train.machine.device import spare_gpu_checks
from groundwork.train.machine.execution import compile_in_place
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.part import Part
from groundwork.train.predict import predict
from groundwork.train.settle import recompute, settle_execution


def train_parts(context: Context, parts: Sequence[Part], resume: bool) -> int:
    """Train one part after the other and leave the whole network as the last one was at its best validation.

    Args:
        parts: At least one, in order.
        resume: Go on from `last.ckpt`, inside of the first part.

    Returns:
        Epoch of the best validation.
    """
    first, folder, monitor = parts[0], context.folder, context.config.monitor
    for part in parts:
        if network_reads_images(part.network):  # one precision serves all
            settle_execution(context, part.network, part.source)
    data = build_data_module(context, first.source)

    def settings(part: Part) -> dict[str, Any]:
        return _enter(context, data, part)

    task = build_task(context, settings(first))
    phases = Phases(parts, settings, folder, context.config.seed)
    position = Position()
    callbacks, keep = _callbacks(context, phases, position)
    announce(callbacks, first)
    spare_gpu_checks()
    trainer = build_trainer(context, parts, task.total_steps, callbacks)
    seed_phase(context.config.seed, first.number, trainer.global_rank)
    first.network.train()  # Lightning leaves every module in the mode that it finds; frozen ones stay as they are
    try:
        trainer.fit(task, datamodule=data, ckpt_path=str(folder.last) if resume else None, weights_only=True)
    except Exception as error:
        size, rows = context.config.data.batch_size, context.prepared.rows["train"]
        if too_few := batch_of_one(error, size, len(rows)):
            raise too_few from error
        if position.began:  # else the checkpoint is to blame, or what was built from the configuration
            error.add_note(
                f"in phase {phases.part.number}, epoch {trainer.current_epoch + 1}, step {trainer.global_step}"
            )
        raise
    if not keep.best_epoch:
        raise FloatingPointError(
            f"val/{monitor} was never a finite number, so no epoch is best. Lower optim.lr."
        )
    restore_best(folder, phases.part)
    return keep.best_epoch


def _enter(context: Context, data: GroundworkDataModule, part: Part) -> dict[str, Any]:
    """Freeze and lay out what a part trains, and give the arguments of `Task.begin`."""
    part.enter()
    execution = settle_execution(context, part.network, part.source)
    recompute(context, part.network)
    if execution.compiled:
        compile_in_place(part.network)
    return phase_settings(context, part, count_steps(context.config, data, part.epochs))


def _callbacks(
    context: Context, phases: Phases, position: Position
) -> tuple[list[Callback], KeepBestAndLast]:
    """Build the callbacks in the order in which they must come."""
    config = context.config
    wanted, monitor = config.callbacks, f"val/{config.monitor}"
    finite = CheckFinite(wanted.check_finite_every, wanted.skip_nonfinite, context.prepared.samples.sample_id)
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
    return callbacks, keep


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
