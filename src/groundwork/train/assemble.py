"""A context and a phase -> what Lightning needs to train it: batches, task, trainer and callbacks."""

from dataclasses import replace

from hydra.utils import instantiate

from groundwork.data import GroundworkDataModule
from groundwork.data.batches import Source
from groundwork.data.order import Order
from groundwork.model import ImageNormalize, Network
from groundwork.task import Task
from groundwork.train.context import Context
from groundwork.train.frozen.cached import DrawView
from groundwork.transfer import Phase


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


def build_task(context: Context, network: Network, phase: Phase, total_steps: int) -> Task:
    """Put network, loss, optimizer and schedule of a phase together."""
    config, prepared = context.config, context.prepared
    weights = {} if context.class_weights is None else {"class_weights": context.class_weights.tolist()}
    optimizer = instantiate(config.optim, _convert_="all")
    # Cached features and rows of a table are not images, whatever the configuration says.
    augment = instantiate(config.augment) if network_reads_images(network) else None
    if augment is not None and not augment.active:
        augment = DrawView(config.transfer.views) if config.transfer.views > 1 else None
    options = {
        "network": network,
        "loss": instantiate(config.loss.function, **weights),
        "penalty": instantiate(config.loss.penalty, _partial_=True)(network=network, start=context.start),
        "metrics": lambda prediction, target: context.metrics(prediction, target, prepared.names),
        "optimizer": replace(
            optimizer, lr=optimizer.lr * phase.lr, layer_decay=optimizer.layer_decay * phase.layer_decay
        ),
        "schedule": instantiate(config.schedule),
        "total_steps": total_steps,
        "monitor": config.monitor,
        "mode": context.direction,
        "augment": augment,
        "mix": None if augment is None or not prepared.target.classes else augment.mix,
        "num_outputs": len(prepared.names),
        "seed": config.seed,
    }
    # First the class, then the objects: Hydra would turn those that are dataclasses into configurations.
    task: Task = instantiate(config.task.module, _partial_=True, _convert_="all")(**options)
    return task


def network_reads_images(network: Network) -> bool:
    """Tell whether a network reads pixels, rather than cached features or rows of a table."""
    return isinstance(network.normalize, ImageNormalize)
