"""What this project changes in other libraries, and names of theirs that are not public, each with its reason.

Each says the version that it was checked with; the trees of scikit-learn have `boosted_trees.py`, warnings `noise.py`.
Importing changes nothing: what is global is changed by the process of a command (`settle_command`) or by a run.
"""

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn

from groundwork.core.errors import UserError
from groundwork.core.malloc import keep_memory

if TYPE_CHECKING:
    from torch import Tensor, nn

_in_command = False


def settle_command() -> None:
    """Make this process one of a command: what would be wrong in a notebook or in a library is right here."""
    global _in_command
    _in_command = True
    # Containers often forbid it, so that images stay small; every command would compile torch anew, 20 s.
    sys.dont_write_bytecode = False
    # Python looks for garbage after every 700 new objects; imports make a million, a third of their time.
    gc.set_threshold(10_000, *gc.get_threshold()[1:])
    # Hydra 1.3 ends by argparse, which prints its usage and exits; a wrong option gets one line like all else.
    argparse.ArgumentParser.error = _refuse_option  # type: ignore[method-assign, assignment]
    keep_memory()


def _refuse_option(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    raise UserError(f"{message}. See --help.")


def restart_epoch(trainer: Any) -> None:
    """Let the epoch that begins draw its order now, as one that no checkpoint came before (Lightning 2.6).

    Lightning has drawn it already, before any callback could put the generators back.
    """
    trainer.fit_loop.restarting = False
    trainer.fit_loop._resuming_from_checkpoint = False


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let a module that is not imported yet look absent to what a block imports, in the process of a command.

    timm 1.0 imports wandb where it finds it, for its own training script: half a second of each start. A logger imports
    it by itself.
    """
    if not _in_command or name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what Python raises ImportError for
    try:
        yield
    finally:
        del sys.modules[name]


def known_choices(loader: Any, overrides: Sequence[str]) -> Mapping[str, Any]:
    """Find the option of each group without composing the configuration, which takes longer (Hydra 1.3).

    Args:
        loader: Hydra's loader of configurations.
        overrides: In Hydra's grammar.
    """
    from hydra.types import RunMode

    choices: Mapping[str, Any] = loader.compute_defaults_list(
        "train", list(overrides), RunMode.RUN
    ).overrides.known_choices
    return choices


def accumulates(trainer: Any) -> bool:
    """Tell whether the batch that has just ended leads to no optimizer step yet (Lightning 2.6)."""
    return bool(trainer.fit_loop._should_accumulate())


def validates_now(trainer: Any) -> bool:
    """Tell whether a validation follows the batch that has just ended (Lightning 2.6)."""
    return bool(trainer.fit_loop.epoch_loop._should_check_val_fx(trainer.fit_loop._data_fetcher))


def refused_by_val(trainer: Any) -> str:
    """Tell before training what Lightning refuses at the first validation: steps that cannot take the loaders of val.

    Returns:
        Its words; "" where it refuses nothing (Lightning 2.6).
    """
    if trainer.val_dataloaders is not None:
        try:
            trainer.fit_loop.epoch_loop.val_loop._verify_dataloader_idx_requirement()
        except RuntimeError as error:
            return str(error)
    return ""


def logs_now(trainer: Any) -> bool:
    """Tell whether what is logged at this step goes to the loggers (Lightning 2.6)."""
    return bool(trainer._logger_connector.should_update_logs)


def logged_step(trainer: Any) -> int:
    """Give the number, from 0, by which Lightning logs this step (Lightning 2.6)."""
    return int(trainer.fit_loop.epoch_loop._batches_that_stepped)


def count_logged_from(trainer: Any, step: int) -> None:
    """Let the logged steps of a training count on from those of an earlier one (Lightning 2.6)."""
    trainer.fit_loop.epoch_loop._batches_that_stepped = step


def forget_logged(trainer: Any) -> None:
    """Forget what was logged before training, as Lightning does after its sanity check (Lightning 2.6).

    Its search for a learning rate or a batch size trains and validates, and leaves the values.
    """
    trainer._logger_connector.reset_metrics()


def drop_wandb() -> None:
    """End W&B's local process at once where it no longer answers: at exit W&B would wait for it (W&B 0.31)."""
    wandb_setup: Any = sys.modules.get("wandb.sdk.wandb_setup")
    setup = wandb_setup and wandb_setup._singleton
    if not setup or not setup._connection:
        return
    connection, wandb_setup._singleton = setup._connection, None
    if connection._proc is not None:
        connection._proc._process.kill()
        connection._proc.join()
    if connection._cleanup is not None:
        connection._cleanup()
    os.environ.pop("WANDB_SERVICE", None)


def in_backward() -> bool:
    """Tell whether autograd is going backward, as torch's own checkpoints ask (torch 2.15)."""
    import torch

    return torch._C._current_graph_task_id() != -1


def has_forward_pre_hook(module: "nn.Module", hook: object) -> bool:
    """Tell whether a module calls a function before its forward (torch 2.15 lists hooks under no public name)."""
    return hook in module._forward_pre_hooks.values()


def with_children(module: "nn.Module", children: Mapping[str, "nn.Module | None"]) -> Any:
    """Copy a module with other children in place of its own; all else is shared (torch 2.15)."""
    changed = copy(module)
    changed._modules = dict(children)
    return changed


def count_not_finite(gradients: Sequence["Tensor"]) -> "Tensor":
    """Tell by 1 or 0, (1,) on their device, whether a number of some gradients is not finite.

    What the scaler of half precision asks, at a scale of 1: one kernel instead of three (torch 2.15).

    Args:
        gradients: At least one, all on one processor or CUDA device.
    """
    import torch

    device = gradients[0].device
    found = torch.zeros(1, device=device)
    torch._amp_foreach_non_finite_check_and_unscale_(list(gradients), found, torch.ones(1, device=device))
    return found


def optuna_id(trial: Any) -> int:
    """Give the number by which Optuna's storage knows a trial (Optuna 4.5 to 5.0)."""
    return int(trial._trial_id)


def optuna_storage(study: Any) -> Any:
    """Give the storage of a study, through which a trial that no worker holds is written (Optuna 4.5 to 5.0)."""
    return study._storage


@contextmanager
def kept_determinism() -> Iterator[None]:
    """Undo what `trainer.deterministic` sets for all of torch (Lightning 2.6 leaves it as it is)."""
    before = "torch" in sys.modules and sys.modules["torch"].are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        if "torch" in sys.modules:
            sys.modules["torch"].use_deterministic_algorithms(before)


@contextmanager
def fonts_of_glyphs() -> Iterator[None]:
    """Embed fonts in a PDF without the tables that lay text out; matplotlib has placed each glyph by then.

    Reading these tables takes a third of a figure's time. fontTools 4.68, as matplotlib 3.11 calls it: what it drops
    of every font is a list of its own.
    """
    from fontTools.subset import Options  # type: ignore[import-untyped]

    names = Options._drop_tables_default
    Options._drop_tables_default = [*names, "GSUB", "GPOS", "GDEF", "kern"]
    try:
        yield
    finally:
        Options._drop_tables_default = names


def timm_hub() -> Any:
    """Give the part of timm that reads config.json of a repository or a folder, which it hands out in part (1.0.31)."""
    from timm.models import _hub

    return _hub
