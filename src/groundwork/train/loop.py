"""One phase of training: a network, batches and Lightning's trainer."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.ranks import from_first, world_size
from groundwork.data.batches import Source
from groundwork.model import Network, recompute_activations
from groundwork.train.assemble import (
    average_weights,
    build_data_module,
    build_task,
    build_trainer,
    count_steps,
    network_reads_images,
    record_gradients,
)
from groundwork.train.callbacks.finite import CheckFinite
from groundwork.train.callbacks.history import History, ProgressBar
from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.checkpoint.position import Position, seed_phase
from groundwork.train.context import Context
from groundwork.train.corrected import KeepTried
from groundwork.train.machine.batch_size import batch_of_one
from groundwork.train.machine.device import choose_device, spare_gpu_checks
from groundwork.train.machine.execution import Execution, choose_execution, compile_in_place
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.predict import predict
from groundwork.transfer import Phase, Plan


def train_phase(
    context: Context, network: Network, source: Source, phase: Phase, number: int, epochs: int, resume: bool
) -> int:
    """Train one phase and leave the network as it was at its best validation.

    Args:
        network: Raw inputs -> output; frozen as the phase wants.
        source: What `network` reads: images, table rows or cached features.
        phase: Rates.
        number: Of the phase, from 1.
        epochs: Of this phase.
        resume: Go on from `last.ckpt`.

    Returns:
        Epoch of the best validation.
    """
    config, folder = context.config, context.folder
    data = build_data_module(context, source)
    execution = settle_execution(context, network, source)
    _recompute(context, network)
    if execution.compiled:
        compile_in_place(network)
    steps = count_steps(config, data, epochs)
    task = build_task(context, network, phase, steps)
    finite, position = _check_finite(context), Position()
    keep = _keep_checkpoints(context, number, finite, position)
    # In this order: a broken step is never averaged or saved, a row of the history is in its checkpoint.
    callbacks = [
        finite,
        *average_weights(config),
        _keep_history(context, network, source, number),
        KeepTried(context.tried),
        *record_gradients(context),
        *[instantiate(node) for node in config.callbacks.extra.values()],
        _show_progress(context, phase),
        position,
        keep,
        *build_pruning(context.rows, f"val/{config.monitor}"),  # last: a pruned run is saved, too
    ]
    spare_gpu_checks()
    trainer = build_trainer(context, network, epochs, steps, callbacks)
    seed_phase(config.seed, number, trainer.global_rank)
    network.train()  # Lightning leaves every module in the mode that it finds; frozen ones stay as they are
    try:
        trainer.fit(task, datamodule=data, ckpt_path=str(folder.last) if resume else None, weights_only=True)
    except Exception as error:
        if too_few := batch_of_one(error, config.data.batch_size, len(context.prepared.rows["train"])):
            raise too_few from error
        if position.began:  # else the checkpoint is to blame, or what was built from the configuration
            error.add_note(
                f"in phase {number}, epoch {trainer.current_epoch + 1}, step {trainer.global_step}"
            )
        raise
    if not keep.best_epoch:
        raise FloatingPointError(
            f"val/{config.monitor} was never a finite number, so no epoch is best. Lower optim.lr."
        )
    # Only its own part: `best.ckpt` may already hold the whole network that a trained head was put into.
    best = network_state(load(folder.best))
    network.load_state_dict({name: best[name] for name in network.state_dict()})
    return keep.best_epoch


def _check_finite(context: Context) -> CheckFinite:
    wanted = context.config.callbacks
    return CheckFinite(wanted.check_finite_every, wanted.skip_nonfinite, context.prepared.samples.sample_id)


def _keep_checkpoints(
    context: Context, number: int, finite: CheckFinite, position: Position
) -> KeepBestAndLast:
    return KeepBestAndLast(
        context.folder,
        f"val/{context.config.monitor}",
        context.direction,  # type: ignore[arg-type]  # max or min, as `direction` says
        context.config.callbacks.patience,
        context.config.callbacks.checkpoint_minutes,
        {**context.describe(), "phase": number},
        finite,
        position,
    )


def _keep_history(context: Context, network: Network, source: Source, number: int) -> History:
    measure = _measure_train(context, network, source) if context.config.callbacks.train_metrics else None
    return History(context.folder.history, context.rows, number, measure)


def _show_progress(context: Context, phase: Phase) -> ProgressBar:
    title = "training the head" if phase.train == "head" else "training"
    return ProgressBar(context.console, f"val/{context.config.monitor}", title)


def _measure_train(
    context: Context, network: Network, source: Source
) -> Callable[[torch.device], dict[str, float]]:
    """Give a function that measures the train split, each row once, in evaluation mode."""
    prepared, size = context.prepared, context.config.data.batch_size

    def measure(device: torch.device) -> dict[str, float]:
        rows = prepared.rows["train"]
        # what the steps compute in is settled by now
        precision = evaluation_precision(context.config)
        prediction = predict(network, source, rows, size, device, precision, Console(quiet=True), "")
        return context.metrics(prediction, prepared.targets("train"), prepared.names)

    return measure


def settle_execution(context: Context, network: Network, source: Source) -> Execution:
    """Choose how steps are computed, and write it down, so that a resumed run computes the same bits.

    Args:
        network: Frozen as it will train.
        source: What it reads.
    """
    config, trainer = context.config, context.config.trainer

    def inputs() -> torch.Tensor:
        return source.batch(context.prepared.rows["train"][: config.data.batch_size])

    num_images = len(context.prepared.rows["train"]) * trainer.max_epochs // world_size()
    execution = from_first(
        lambda: choose_execution(
            config, _at_length(config, network), inputs, choose_device(config), num_images
        )
    )
    execution.apply(network)
    if execution.gain > 1:
        context.console.say(
            f"trainer: {execution.memory_format}, {execution.precision}, {execution.threads} threads"
            f"{', compiled' * execution.compiled}, {execution.gain:.2f} times as fast as {execution.plainest}"
        )
    if network_reads_images(network) and "auto" in (
        trainer.memory_format,
        trainer.precision,
        trainer.threads,
        trainer.compile,
    ):
        trainer.memory_format, trainer.precision = execution.memory_format, execution.precision
        trainer.threads, trainer.compile = execution.threads, execution.compiled
        context.keep_config()
    return execution


def _at_length(config: DictConfig, network: Network) -> Network:
    """Give a network that reads images as its longest phase trains it: one choice has to serve all phases."""
    if not network_reads_images(network):
        return network
    plan: Plan = instantiate(config.transfer, _convert_="all")
    longest = max(plan.phases, key=lambda phase: phase.share)
    stages = longest.stages(network.num_stages, plan.frozen_stages(network.num_stages))
    return deepcopy(network).train_stages(stages, plan.batch_norm)


def _recompute(context: Context, network: Network) -> None:
    """Let the network keep fewer activations, where the configuration asks for it."""
    trainer, name = context.config.trainer, context.config.model.name
    if trainer.get("grad_checkpointing") and not recompute_activations(network.backbone):
        context.console.note(
            f"trainer.grad_checkpointing has no effect here: {name} cannot compute its blocks again"
        )


def network_state(checkpoint: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Take the network's tensors out of a checkpoint."""
    beginning = "network."
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return {
        name.removeprefix(beginning): value for name, value in state.items() if name.startswith(beginning)
    }


def checkpoint_state(network: Network) -> dict[str, torch.Tensor]:
    """Name the network's tensors as a checkpoint does, on the processor."""
    return {f"network.{name}": value.cpu() for name, value in network.state_dict().items()}


def batch_line(config: DictConfig) -> str:
    """Say how many samples a step takes on all devices together, and what that means for the learning rate."""
    devices, batch_size, accumulate = world_size(), config.data.batch_size, config.trainer.accumulate
    return (
        f"{devices} devices x batch {batch_size} x accumulate {accumulate}: {devices * batch_size * accumulate} "
        f"samples a step; optim.lr={config.optim.lr:g} is taken as it is (a rule for another batch: in proportion "
        f"for sgd, by the square root for adamw)"
    )
