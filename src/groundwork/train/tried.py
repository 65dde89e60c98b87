"""The group `trainer` of a configuration -> what Lightning refuses of it, told before any data is read."""

from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.profilers import Profiler
from omegaconf import DictConfig

from groundwork.core.errors import UserError, first_line, innermost, user_error
from groundwork.core.instantiate import instantiate
from groundwork.core.noise import silence
from groundwork.train.machine.device import choose_accelerator

PARTS = ("strategy", "plugins", "profiler")  # that may be objects
PLAIN = ("precision", "max_time", "val_check_interval", "fast_dev_run", "check_val_every_n_epoch")


def check_built(config: DictConfig) -> None:
    """Build a Trainer of one process as a run would, and drop it.

    Raises:
        UserError: If Lightning refuses an argument, or a part cannot be built.
    """
    wanted = config.trainer
    silence()
    built = {name: _built(name, wanted) for name in PARTS if wanted.get(name) is not None}
    profiler = built.get("profiler")
    if not isinstance(profiler, Profiler | str | None):
        raise UserError(
            f"trainer.profiler must be a profiler of Lightning, but got {profiler}. Name another."
        )
    plain = instantiate({name: wanted[name] for name in PLAIN}, _convert_="all")
    if plain["precision"] == "auto":
        plain["precision"] = "32-true"
    quiet: Any = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    try:
        Trainer(accelerator=choose_accelerator(config), devices=1, **quiet, **plain, **built)
    except Exception as error:  # Lightning and the parts raise many kinds
        raise UserError(f"trainer: {first_line(error)} Change it.") from error


def _built(name: str, wanted: DictConfig) -> Any:
    try:
        return instantiate({name: wanted[name]}, _convert_="all")[name]
    except Exception as error:  # whatever a class of the user's raises
        if known := user_error(error):
            raise known from error
        raise UserError(f"trainer.{name} cannot be built: {innermost(error)}. Change it.") from error
