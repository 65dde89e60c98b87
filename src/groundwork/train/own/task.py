"""A configuration of which task or data is the user's -> the LightningModule that trains."""

from typing import Any

from hydra.utils import get_class
from lightning import LightningModule
from lightning.pytorch import seed_everything
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.optim import optimizer_factory, schedule_factory
from groundwork.train.custom import own_module
from groundwork.train.plugged import build_named, read_augment


def module_of(config: DictConfig) -> LightningModule:
    """Build the user's module, or a task of this package that asks the user's data module what it must know.

    Raises:
        UserError: If it cannot be built, or is none.
    """
    if own_module(config):
        seed_everything(config.seed, verbose=False)
        module = build_named("task", config.task)
        if not isinstance(module, LightningModule):
            raise UserError(
                f"task._target_={own_module(config)} must be a LightningModule. Name another class."
            )
        return module
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
