"""A configuration of which task or data is the user's -> the LightningModule that trains."""

from typing import Any

from hydra.utils import get_class, instantiate
from lightning import LightningModule
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.optim import optimizer_factory, schedule_factory
from groundwork.train.custom import own_module
from groundwork.train.own.run import OwnRun, build_own
from groundwork.train.plugged import read_augment


def build_own_task(run: OwnRun) -> LightningModule:
    """Build the module of a run."""
    return module_of(run.config)


def module_of(config: DictConfig) -> LightningModule:
    """Build the user's module, or a task of this package that asks the user's data module what it must know.

    Raises:
        UserError: If it cannot be built.
    """
    if own_module(config):
        return build_own(config)
    transfer = instantiate(config.transfer, _convert_="all")
    if transfer.scenario == "auto":
        raise UserError(
            "transfer=auto must measure what this package reads, but the data module is your own. Use "
            "transfer=large_similar, large_different, small_similar or scratch; none for tables."
        )
    augment: Any = read_augment(config)
    task: LightningModule = get_class(config.task.module._target_)(
        None if config.model.name == "auto" else config.model,
        transfer=transfer,
        pretrained=transfer.pretrained and config.model.pretrained,
        loss=instantiate(config.loss.function),
        optimizer=optimizer_factory(config.optim),
        schedule=schedule_factory(config.schedule),
        monitor=config.monitor,
        augment=augment if augment.active else None,
        seed=config.seed,
    )
    return task
