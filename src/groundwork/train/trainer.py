"""The group `trainer` -> Lightning's Trainer, with this run's checkpoints and processes in place of its own."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, Checkpoint
from lightning.pytorch.callbacks import ProgressBar as LightningProgressBar
from lightning.pytorch.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.ranks import local_world_size, world_size
from groundwork.model import FeatureBackbone, Network
from groundwork.track.loggers import loggers_of
from groundwork.track.steps import StepCurves, steps_before
from groundwork.train.callbacks.phases import Phases
from groundwork.train.callbacks.validate import ValidateEvery
from groundwork.train.checkpoint import AtomicCheckpointIO
from groundwork.train.context import Context
from groundwork.train.machine.device import choose_accelerator, spare_gpu_checks
from groundwork.train.machine.execution import AUTOCAST
from groundwork.train.own.run import OwnRun
from groundwork.train.part import Part
from groundwork.train.steps import count_steps

STEP_HOOKS = ("on_train_batch_start", "on_train_batch_end", "on_before_zero_grad", "on_before_backward",
              "on_after_backward", "on_before_optimizer_step")  # fmt: skip
PROFILERS = {"simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler}


class NoProfiler(PassThroughProfiler):
    """Measure nothing, and spend nothing on it: Lightning's own enters a generator around some 50 calls a step."""

    nothing = nullcontext()

    def profile(self, action_name: str) -> nullcontext[None]:  # type: ignore[override]  # any context will do
        """Give the same context to every call."""
        return self.nothing


class StandingRanks(LightningEnvironment):
    """Keep RANK and WORLD_SIZE between `fit` calls."""

    def teardown(self) -> None:
        """Leave the variables of this process as they are."""


def build_trainer(context: Context | OwnRun, callbacks: list[Callback]) -> Trainer:
    """Build the Trainer of a run.

    Args:
        callbacks: See `build_callbacks`.

    Raises:
        UserError: If Lightning refuses an argument, or the combination of some.
    """
    wanted, parts = context.config.trainer, context.model.parts
    every = wanted.val_every_n_steps
    skips = (wanted.check_val_every_n_epoch or 1) > 1
    if every is not None or wanted.max_steps > 0 or wanted.fast_dev_run or skips:
        callbacks = [_validate(context, every, callbacks), *callbacks]
    callbacks = [StepCurves(steps_before(context.rows)), *callbacks]  # first: see there
    spare_gpu_checks()
    pass_over_empty_hooks(callbacks)
    networks = None if isinstance(context, OwnRun) else [part.network for part in parts]
    lightning_samples = isinstance(context, OwnRun) and context.prepared is None
    # Epochs of phases that a resumed run is past count, too: its own count on.
    epochs = {"max_epochs": context.model.epochs or 1}
    settled = {
        **_machine(context.config, networks, lightning_samples),
        **_beside(context, callbacks),
        **epochs,
    }
    if every is not None:
        # Lightning takes any number of batches here only if the second key is None.
        settled["val_check_interval"] = every * wanted.accumulate_grad_batches
        settled["check_val_every_n_epoch"] = None
    own = {name: value for name, value in wanted.items() if name not in ("val_every_n_steps", *settled)}
    build = instantiate(own, _partial_=True, _convert_="all")
    # Lightning starts no processes and asks no scheduler: `ranks.py` has said who this one is.
    plugins = [AtomicCheckpointIO(), StandingRanks(), *(build.keywords.pop("plugins", None) or ())]
    try:
        trainer: Trainer = build(**settled, plugins=plugins)
    except (MisconfigurationException, ImportError, ValueError, TypeError) as error:
        raise UserError(f"trainer: {' '.join(str(error).split())}") from error
    return trainer


def _validate(context: Context | OwnRun, every: int | None, callbacks: Sequence[Callback]) -> ValidateEvery:
    """Validate every few steps or epochs, and at the end of a phase that is too short for them."""

    def steps(part: Part) -> int | None:
        if isinstance(context, OwnRun):
            return every
        num_steps = count_steps(context.config, context.datamodule, part.epochs)
        if every is None or every < num_steps:
            return every
        context.console.note(
            f"a phase of {num_steps} steps validates after each epoch, since trainer.val_every_n_steps={every} is "
            f"not less"
        )
        return None

    phases = next(one for one in callbacks if isinstance(one, Phases))
    callback = ValidateEvery(steps, context.config.trainer.check_val_every_n_epoch or 1, phases.is_last_epoch)
    if context.model.parts:
        callback.on_phase_start(context.model.parts[0])
    return callback


def _machine(
    config: DictConfig, networks: Sequence[Network] | None, lightning_samples: bool
) -> dict[str, Any]:
    """Give the arguments that say where a run computes, and in which numbers.

    Args:
        networks: That train; None where the user's module holds them.
        lightning_samples: Let Lightning hand each process its samples; our data modules do so themselves.
    """
    wanted, together = config.trainer, world_size() > 1
    strategy = {"strategy": DDPStrategy()} if wanted.strategy == "auto" and together else {}
    return {
        "accelerator": choose_accelerator(config),
        "devices": local_world_size() if together else 1,
        "num_nodes": world_size() // local_world_size() if together else 1,
        "precision": _precision(wanted.precision, networks),
        "use_distributed_sampler": lightning_samples,
        **strategy,
    }


def _beside(context: Context | OwnRun, callbacks: list[Callback]) -> dict[str, Any]:
    """Give the arguments that say what happens beside the steps."""
    wanted = context.config.trainer
    named = wanted.profiler is None or isinstance(wanted.profiler, str)
    profiler = {"profiler": _profiler(context, wanted.profiler)} if named else {}
    return {
        "callbacks": callbacks,
        "logger": loggers_of(context.folder),
        "log_every_n_steps": wanted.log_every_n_steps,
        "enable_checkpointing": any(isinstance(callback, Checkpoint) for callback in callbacks),
        "enable_progress_bar": any(isinstance(callback, LightningProgressBar) for callback in callbacks),
        "enable_model_summary": bool(wanted.enable_model_summary),
        "default_root_dir": context.folder.path,
        **profiler,
    }


def pass_over_empty_hooks(callbacks: Sequence[Callback]) -> None:
    """Take the hooks of a step that a callback does not define away from it.

    Lightning passes over what can't be called; it would name, measure and call some thirty empty ones a step, 30 us.
    """
    for callback in callbacks:
        for name in STEP_HOOKS:
            if name not in vars(callback) and getattr(type(callback), name) is getattr(Callback, name):
                setattr(callback, name, None)


def _profiler(context: Context | OwnRun, name: str | None) -> Profiler:
    """Build a profiler by Lightning's short name; it writes its table into the run folder."""
    if name is None:
        return NoProfiler()
    context.note_once(f"trainer.profiler={name} writes fit-profile.* into {context.folder.path}")
    profiler: Profiler = PROFILERS[name](dirpath=context.folder.path, filename="profile")
    return profiler


def _precision(name: str, networks: Sequence[Network] | None) -> Any:
    """Give Lightning's name; heads on cached features gain nothing by a lower one, and are evaluated in float32."""
    on_features = (
        networks is not None
        and all(isinstance(one.backbone, FeatureBackbone) for one in networks)
        and name in AUTOCAST
    )
    return "32-true" if name == "auto" or on_features else name
