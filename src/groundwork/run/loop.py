"""One phase of training: a network, batches and Lightning's trainer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from lightning.pytorch.strategies import DDPStrategy
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.data import GroundworkDataModule
from groundwork.data.batches import Source
from groundwork.data.order import Order
from groundwork.model import ImageNormalize, Network
from groundwork.run.ask import ask_observer
from groundwork.run.callbacks import History, ProgressBar
from groundwork.run.checkpoint import AtomicCheckpointIO, load
from groundwork.run.conceal import conceal
from groundwork.run.device import choose_accelerator, choose_device
from groundwork.run.execution import choose_execution
from groundwork.run.finite import CheckFinite
from groundwork.run.folder import RunFolder, plain
from groundwork.run.frozen import Metrics
from groundwork.run.gradients import Gradients
from groundwork.run.keep import KeepBestAndLast
from groundwork.run.memory import memory_explained
from groundwork.run.outcome import build_metrics, predict
from groundwork.run.position import Position, seed_phase
from groundwork.run.prepare import Prepared
from groundwork.run.ranks import from_first, local_world_size, world_size
from groundwork.run.screen import Screen
from groundwork.task import ClassificationTask, RegressionTask, Task
from groundwork.transfer import Phase

CHECKPOINT_FORMAT = 1


@dataclass(frozen=True)
class Setting:
    """Hold what every phase of a run shares.

    Attributes:
        config: The resolved configuration.
        prepared: The data.
        metrics: Of the whole split.
        class_weights: (K,) in the loss; None weighs all alike.
        balance: Resamples training rows.
        folder: Of the run.
        screen: Where to speak.
        extra: Plain values that every checkpoint holds.
        rows: Of `history.csv`, from earlier phases.
    """

    config: DictConfig
    prepared: Prepared
    metrics: Metrics
    class_weights: NDArray[Any] | None
    balance: Any
    folder: RunFolder
    screen: Screen
    extra: dict[str, Any]
    rows: list[dict[str, Any]]

    @property
    def direction(self) -> str:
        """Say whether more or less of the monitor is better."""
        return self.metrics.direction(self.config.monitor)


def build_setting(
    folder: RunFolder, config: DictConfig, prepared: Prepared, data: dict[str, Any], screen: Screen
) -> Setting:
    """Build what every phase of a run shares; see `describe_data` for `data`."""
    balance = instantiate(config.balance)
    weights = None
    if prepared.target.task == "classification":
        weights = balance.class_weights(prepared.counts("train"))
    extra = {
        "format": CHECKPOINT_FORMAT,
        "config": conceal(OmegaConf.to_container(config, resolve=True)),
        "data": plain(data),
    }
    return Setting(config, prepared, build_metrics(config), weights, balance, folder, screen, extra, [])


def train_phase(
    setting: Setting, network: Network, source: Source, phase: Phase, number: int, epochs: int, resume: bool
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
    config, folder = setting.config, setting.folder
    data = _data_module(setting, source)
    _settle_execution(setting, network, source)
    task = _task(setting, network, phase, _total_steps(config, data, epochs))
    finite = CheckFinite(
        config.callbacks.check_finite_every,
        config.callbacks.skip_nonfinite,
        setting.prepared.samples.sample_id,
    )
    position = Position()
    keep = KeepBestAndLast(
        folder,
        f"val/{config.monitor}",
        setting.direction,  # type: ignore[arg-type]  # max or min, as `direction` says
        config.callbacks.patience,
        config.callbacks.checkpoint_minutes,
        {**setting.extra, "phase": number},
        finite,
        position,
    )
    title = "training the head" if phase.train == "head" else "training"
    bar = ProgressBar(setting.screen, f"val/{config.monitor}", title)
    # In this order: a broken step is never averaged or saved, a row of the history is in its checkpoint.
    measure = _measure_train(setting, network, source) if config.callbacks.train_metrics else None
    history = History(folder.history, setting.rows, number, measure)
    extra = [instantiate(node) for node in config.callbacks.extra.values()]
    callbacks = [finite, *_ema(config), history, *_gradients(setting), *extra, bar, position, keep]
    callbacks += ask_observer(setting.rows, f"val/{config.monitor}")  # last: a pruned run is saved, too
    trainer = _trainer(setting, epochs, callbacks)
    seed_phase(config.seed, number, trainer.global_rank)
    network.train()  # Lightning leaves every module in the mode that it finds; frozen ones stay as they are
    with memory_explained(config):
        trainer.fit(task, datamodule=data, ckpt_path=str(folder.last) if resume else None, weights_only=True)
    if not keep.best_epoch:
        raise FloatingPointError(
            f"val/{config.monitor} was never a finite number, so no epoch is best. Lower optim.lr."
        )
    # Only its own part: `best.ckpt` may already hold the whole network that a trained head was put into.
    best = network_state(load(folder.best))
    network.load_state_dict({name: best[name] for name in network.state_dict()})
    return keep.best_epoch


def _measure_train(
    setting: Setting, network: Network, source: Source
) -> Callable[[torch.device], dict[str, float]]:
    """Give a function that measures the train split, each row once, in evaluation mode."""
    prepared, size = setting.prepared, setting.config.data.batch_size

    def measure(device: torch.device) -> dict[str, float]:
        rows = prepared.rows["train"]
        prediction = predict(network, source, rows, size, device, Screen(quiet=True), "")
        return setting.metrics(prediction, prepared.targets("train"), prepared.names)

    return measure


def _settle_execution(setting: Setting, network: Network, source: Source) -> None:
    """Choose how steps are computed, and write it down, so that a resumed run computes the same bits."""
    config, trainer = setting.config, setting.config.trainer
    inputs = source.batch(setting.prepared.rows["train"][: config.data.batch_size])
    execution = from_first(lambda: choose_execution(config, network, inputs, choose_device(config)))
    execution.apply(network)
    if trainer.compile:
        network.compile()  # in place: no name in a checkpoint changes
    if execution.gain > 1:
        setting.screen.say(
            f"trainer: {execution.memory_format}, {execution.precision}, {execution.threads} threads, "
            f"{execution.gain:.2f} times as fast as contiguous 32-true"
        )
    if network_reads_images(network) and "auto" in (
        trainer.memory_format,
        trainer.precision,
        trainer.threads,
    ):
        trainer.memory_format, trainer.precision = execution.memory_format, execution.precision
        trainer.threads = execution.threads
        setting.folder.write_config(config)


def network_state(checkpoint: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Take the network's tensors out of a checkpoint."""
    beginning = "network."
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return {
        name.removeprefix(beginning): value for name, value in state.items() if name.startswith(beginning)
    }


def _data_module(setting: Setting, source: Source) -> GroundworkDataModule:
    prepared, config = setting.prepared, setting.config
    rows = {split: prepared.rows[split] for split in ("train", "val")}
    return GroundworkDataModule(
        source,
        prepared.encoded,
        rows,
        config.data.batch_size,
        Order(config.seed),
        setting.balance if prepared.target.task == "classification" else None,
        drop_last=False,
    )


def _task(setting: Setting, network: Network, phase: Phase, total_steps: int) -> Task:
    config, prepared = setting.config, setting.prepared
    weights = {} if setting.class_weights is None else {"class_weights": setting.class_weights.tolist()}
    optimizer = instantiate(config.optim, _convert_="all")
    # Cached features and rows of a table are not images, whatever the configuration says.
    augment = instantiate(config.augment) if network_reads_images(network) else None
    augment = augment if augment is not None and augment.active else None
    options = {
        "network": network,
        "loss": instantiate(config.loss.function, **weights),
        "penalty": instantiate(config.loss.penalty, network=network),
        "metrics": lambda prediction, target: setting.metrics(prediction, target, prepared.names),
        "optimizer": replace(
            optimizer, lr=optimizer.lr * phase.lr, layer_decay=optimizer.layer_decay * phase.layer_decay
        ),
        "schedule": instantiate(config.schedule),
        "total_steps": total_steps,
        "monitor": config.monitor,
        "mode": setting.direction,
        "augment": augment,
        "seed": config.seed,
    }
    if prepared.target.task == "regression":
        return RegressionTask(**options)
    return ClassificationTask(mix=None if augment is None else augment.mix, **options)


def network_reads_images(network: Network) -> bool:
    """Tell whether a network reads pixels, rather than cached features or rows of a table."""
    return isinstance(network.normalize, ImageNormalize)


def _total_steps(config: DictConfig, data: GroundworkDataModule, epochs: int) -> int:
    batches = data.num_batches(world_size())
    accumulate: int = config.trainer.accumulate
    return max(1, epochs * -(-batches // accumulate))


def _trainer(setting: Setting, epochs: int, callbacks: list[Callback]) -> Trainer:
    trainer = setting.config.trainer
    every = trainer.val_every_n_steps
    if every is not None and every < 1:
        raise UserError(f"trainer.val_every_n_steps must be at least 1, but got {every}. Change it.")
    together = world_size() > 1
    return Trainer(
        accelerator=choose_accelerator(setting.config),
        strategy=DDPStrategy() if together else "auto",
        devices=local_world_size() if together else 1,
        num_nodes=world_size() // local_world_size() if together else 1,
        precision="32-true" if trainer.precision == "auto" else trainer.precision,
        max_epochs=epochs,
        accumulate_grad_batches=trainer.accumulate,
        gradient_clip_val=trainer.gradient_clip,
        # Lightning counts batches here; an interval above one epoch needs the second key to be None.
        val_check_interval=1.0 if every is None else every * trainer.accumulate,
        check_val_every_n_epoch=1 if every is None else None,
        callbacks=callbacks,
        # Lightning starts no processes and asks no scheduler: `ranks.py` has said who this one is.
        plugins=[AtomicCheckpointIO(), LightningEnvironment()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        default_root_dir=setting.folder.path,
    )


def batch_line(config: DictConfig) -> str:
    """Say how many samples a step takes on all devices together, and what that means for the learning rate."""
    devices, batch_size, accumulate = world_size(), config.data.batch_size, config.trainer.accumulate
    return (
        f"{devices} devices x batch {batch_size} x accumulate {accumulate}: {devices * batch_size * accumulate} "
        f"samples a step; optim.lr={config.optim.lr:g} is taken as it is (a rule for another batch: in proportion "
        f"for sgd, by the square root for adamw)"
    )


def _gradients(setting: Setting) -> list[Callback]:
    every = (setting.config.get("logger") or {}).get("gradients")
    return [Gradients(setting.folder.path / "gradients.jsonl", every)] if every else []


def _ema(config: DictConfig) -> list[Callback]:
    decay = config.callbacks.ema
    return [] if decay is None else [EMAWeightAveraging(decay=decay)]
