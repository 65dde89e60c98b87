"""A context and a phase -> what Lightning needs to train it: batches, task, trainer and callbacks."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from hydra.utils import instantiate
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import DictConfig

from groundwork.core.ranges import check_range
from groundwork.core.ranks import local_world_size, world_size
from groundwork.data import GroundworkDataModule
from groundwork.data.batches import Source
from groundwork.data.order import Order
from groundwork.model import FeatureBackbone, ImageNormalize, Network
from groundwork.task import Task
from groundwork.train.callbacks.ema import WarmEMA
from groundwork.train.callbacks.gradients import Gradients
from groundwork.train.checkpoint import AtomicCheckpointIO
from groundwork.train.context import Context
from groundwork.train.frozen.cached import DrawView
from groundwork.train.machine.device import choose_accelerator
from groundwork.train.machine.execution import AUTOCAST
from groundwork.transfer import Phase

STEP_HOOKS = ("on_train_batch_start", "on_train_batch_end", "on_before_zero_grad", "on_before_backward",
              "on_after_backward", "on_before_optimizer_step")  # fmt: skip


class NoProfiler(PassThroughProfiler):
    """Measure nothing, and spend nothing on it: Lightning's own enters a generator around some 50 calls a step."""

    nothing = nullcontext()

    def profile(self, action_name: str) -> nullcontext[None]:  # type: ignore[override]  # any context will do
        """Give the same context to every call."""
        return self.nothing


class StandingRanks(LightningEnvironment):
    """Ranks that outlive one phase of training: Lightning forgets at its end how many there are."""

    def teardown(self) -> None:
        """Leave the variables of this process as they are."""


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
        resident=None if config.trainer.get("resident", "auto") == "auto" else config.trainer.resident,
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


def count_steps(config: DictConfig, data: GroundworkDataModule, epochs: int) -> int:
    """Count the optimizer steps of a phase."""
    batches = data.num_batches(world_size())
    accumulate: int = config.trainer.accumulate
    return max(1, epochs * -(-batches // accumulate))


def build_trainer(
    context: Context, network: Network, epochs: int, steps: int, callbacks: list[Callback]
) -> Trainer:
    """Build Lightning's trainer, with this run's checkpoints and processes in place of its own.

    Args:
        network: That trains.
        epochs: Of the phase.
        steps: Of the optimizer in all of them.
    """
    trainer = context.config.trainer
    every = _val_every(context, steps)
    pass_over_empty_hooks(callbacks)
    together = world_size() > 1
    return Trainer(
        accelerator=choose_accelerator(context.config),
        strategy=DDPStrategy() if together else "auto",
        devices=local_world_size() if together else 1,
        num_nodes=world_size() // local_world_size() if together else 1,
        precision=_precision(trainer.precision, network),
        max_epochs=epochs,
        accumulate_grad_batches=trainer.accumulate,
        gradient_clip_val=trainer.gradient_clip,
        # Lightning counts batches here; an interval above one epoch needs the second key to be None.
        val_check_interval=1.0 if every is None else every * trainer.accumulate,
        check_val_every_n_epoch=1 if every is None else None,
        callbacks=callbacks,
        # Lightning starts no processes and asks no scheduler: `ranks.py` has said who this one is.
        plugins=[AtomicCheckpointIO(), StandingRanks()],
        profiler=NoProfiler(),
        logger=False,
        log_every_n_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        default_root_dir=context.folder.path,
    )


def pass_over_empty_hooks(callbacks: Sequence[Callback]) -> None:
    """Take the hooks of a step that a callback does not define away from it.

    Lightning passes over what can't be called; it would name, measure and call some thirty empty ones a step, 30 us.
    """
    for callback in callbacks:
        for name in STEP_HOOKS:
            if name not in vars(callback) and getattr(type(callback), name) is getattr(Callback, name):
                setattr(callback, name, None)


def _precision(name: str, network: Network) -> Any:
    """Give Lightning's name; a head on cached features gains nothing by a lower one, and is evaluated in float32."""
    on_features = isinstance(network.backbone, FeatureBackbone) and name in AUTOCAST
    return "32-true" if name == "auto" or on_features else name


def _val_every(context: Context, steps: int) -> int | None:
    """Give the steps between validations; None in a phase too short for them, which validates after each epoch."""
    every: int | None = context.config.trainer.val_every_n_steps
    if every is not None:
        check_range("trainer.val_every_n_steps", every, "[1, inf)", whole=True)
    if every is None or every < steps:
        return every
    context.console.note(
        f"a phase of {steps} steps validates after each epoch, since trainer.val_every_n_steps={every} is not less"
    )
    return None


def record_gradients(context: Context) -> list[Callback]:
    """Write down the norms of gradients, where a logger asks for them."""
    every = (context.config.get("logger") or {}).get("gradients")
    return [Gradients(context.folder.gradients, every)] if every else []


def average_weights(config: DictConfig) -> list[Callback]:
    """Average the weights over steps, where `callbacks.ema` says so."""
    decay = config.callbacks.ema
    return [] if decay is None else [WarmEMA(decay)]
