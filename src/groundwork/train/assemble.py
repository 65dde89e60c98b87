"""A context and a phase -> what Lightning needs to train it: batches and task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from groundwork.core.instantiate import instantiate
from groundwork.data import GroundworkDataModule
from groundwork.data.batches import Source
from groundwork.data.order import Order
from groundwork.model import ImageNormalize, Network
from groundwork.optim import optimizer_factory, schedule_factory
from groundwork.task import Task
from groundwork.train.context import Context
from groundwork.train.frozen.cached import DrawView
from groundwork.train.part import Part
from groundwork.train.plugged import read_augment


def build_data_module(context: Context, source: Source) -> GroundworkDataModule:
    """Feed training and validation rows in the order of the seed."""
    prepared, config = context.prepared, context.config
    rows = {split: prepared.rows[split] for split in ("train", "val")}
    return GroundworkDataModule(
        source,
        prepared.encoded,
        rows,
        config.data.batch_size,
        Order(config.seed),
        context.balance if prepared.target.task == "classification" else None,
        resident=None if config.execution.resident == "auto" else config.execution.resident,
    )


def phase_settings(context: Context, part: Part, total_steps: int) -> dict[str, Any]:
    """Give what a phase brings to the task, the arguments of `Task.begin`.

    Args:
        part: What trains.
        total_steps: Steps of its optimizer at most.
    """
    config, phase, network = context.config, part.phase, part.network
    optimizer = optimizer_factory(config.optim)
    # Cached features and rows of a table are not images, whatever the configuration says.
    augment: Any = read_augment(config) if network_reads_images(network) else None
    if augment is not None and not augment.active:
        augment = DrawView(config.transfer.views) if config.transfer.views > 1 else None
    return {
        "network": network,
        "penalty": instantiate(config.loss.penalty, _partial_=True)(network=network, start=context.start),
        "optimizer": replace(
            optimizer, lr=optimizer.lr * phase.lr, layer_decay=optimizer.layer_decay * phase.layer_decay
        ),
        "total_steps": total_steps,
        "augment": augment,
        "mix": None if augment is None or context.prepared.target.task == "regression" else augment.mix,
    }


def assemble_task(context: Context, first: Mapping[str, Any]) -> Task:
    """Build the task of a run.

    Args:
        first: What its first phase brings, see `phase_settings`.
    """
    config, prepared = context.config, context.prepared
    weights = {} if context.class_weights is None else {"class_weights": context.class_weights.tolist()}
    options = {
        "loss": instantiate(config.loss.function, **weights),
        "metrics": lambda prediction, target: context.metrics(prediction, target, prepared.names),
        "schedule": schedule_factory(config.schedule),
        "monitor": config.monitor,
        "mode": context.direction,
        "num_outputs": len(prepared.names),
        "seed": config.seed,
    }
    # First the class, then the objects: Hydra would turn those that are dataclasses into configurations.
    task: Task = instantiate(config.task.module, _partial_=True, _convert_="all")(**options, **first)
    return task


def network_reads_images(network: Network) -> bool:
    """Tell whether a network reads pixels, rather than cached features or rows of a table."""
    return isinstance(network.normalize, ImageNormalize)
