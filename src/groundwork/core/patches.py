"""What this project changes in other libraries, and the names of theirs that are not public, all in one place.

Each entry says why, and the version that it was checked with. Importing this module, or any other of this project,
changes nothing: what is global is changed by the process of a command (`settle_command`) or by a run (`silence`).
"""

import argparse
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn

from groundwork.core.errors import UserError
from groundwork.core.malloc import keep_memory

if TYPE_CHECKING:
    from torch import Tensor, nn

# Every entry: what the message begins with (a regular expression), and why nobody needs to read it here.
NOISE = {
    # Batches are slices of memory, so there are no workers to add.
    r"The '\w+' does not have many workers": "Lightning looks for DataLoader workers",
    # Resuming in the middle of an epoch is exact here: the data module keeps the position.
    r"You're resuming from a checkpoint that ended before the epoch ended": "our loaders know their position",
    # Our loaders are no DataLoaders and shuffle by themselves.
    r"Total length of `\w+` across ranks is zero": "a split may be empty on a rank",
    # A folder with the checkpoints of this very run is what resume means.
    r"Checkpoint directory .* exists and is not empty": "the run folder is ours",
    # Frozen stages evaluate on purpose.
    r"Found \d+ module\(s\) in eval mode at the start of training": "frozen stages",
    # A logger that only callbacks of the user's write to.
    r"The number of training batches \(.*\) is smaller than the logging interval": "short epochs are no mistake",
    # Every rank holds the predictions of the whole split, so its metrics are the same on all.
    r"It is recommended to use `self.log\(.*sync_dist=True\)`": "metrics are of all ranks already",
    # Lightning 2.6 asks torch for a class that torch 2.15 has renamed.
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": "nothing here can change it",
    # A test builds the module alone, never the callbacks of its training.
    r"Be aware that when using `ckpt_path`": "callbacks belong to training",
    # Short runs log their validations; steps.csv then begins with the first step that is due.
    r"The number of training batches \(\d+\) is smaller than the logging interval": "short epochs are common here",
    # A login node of a cluster has srun as well; cluster=slurm is how a run gets there.
    r"The `srun` command is available on your system but is not used": "not every run belongs to the cluster",
    # trainer=cpu beside a GPU was asked for.
    r"GPU available but not used": "the processor was asked for",
    # torch 2.11 imports a class of its own that it calls deprecated when it compiles.
    r"`torch.jit.script_method` is deprecated": "nothing here can change it",
    # How exactly a GPU multiplies float32 is left as torch has it.
    r"TensorFloat32 tensor cores for float32 matrix multiplication available": "exactness is no hint to give in a run",
    # torch's own scheduler order check misfires when a checkpoint restores both.
    r"Detected call of `lr_scheduler.step\(\)` before": "order after a restore",
}

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


def silence() -> None:
    """Leave out the known noise; every other warning still shows."""
    for beginning in NOISE:
        warnings.filterwarnings("ignore", message=beginning)
    # Lightning announces devices, seeds, tips and its parameter table at INFO; run says what matters itself.
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Compiling for a processor looks for CUDA where its variables are set.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)


def show_again(word: str) -> None:
    """Show warnings that `silence` leaves out where they are noise, for a run in which they are not.

    Args:
        word: In what the message begins with.
    """
    for beginning in NOISE:
        if word in beginning:
            warnings.filterwarnings("default", message=beginning)


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


def logs_now(trainer: Any) -> bool:
    """Tell whether what is logged at this step goes to the loggers (Lightning 2.6)."""
    return bool(trainer._logger_connector.should_update_logs)


def logged_step(trainer: Any) -> int:
    """Give the number, from 0, by which Lightning logs this step (Lightning 2.6)."""
    return int(trainer.fit_loop.epoch_loop._batches_that_stepped)


def count_logged_from(trainer: Any, step: int) -> None:
    """Let the logged steps of a training count on from those of an earlier one (Lightning 2.6)."""
    trainer.fit_loop.epoch_loop._batches_that_stepped = step


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


def boosted_trees(model: Any) -> dict[str, Any]:
    """Give the nodes of histogram gradient boosting as plain arrays, see `groundwork.evaluate.forest.Forest`.

    scikit-learn 1.9 has no public name for them, and its own way to keep a model, pickle, runs code when it is read.
    """
    import numpy as np

    number, encoder = model.n_features_in_, model._preprocessor
    chosen = np.zeros(number, bool) if encoder is None else np.asarray(model.is_categorical_)
    order = np.concatenate(
        [np.flatnonzero(chosen), np.flatnonzero(~chosen)]
    )  # in which the trees see the columns
    codes = [] if encoder is None else encoder.named_transformers_["encoder"].categories_
    codes = [each[np.isfinite(each)].astype(np.int64) for each in codes]
    known = np.zeros((number, 1 + max((int(each.max(initial=0)) for each in codes), default=0)), bool)
    for column, each in zip(order, codes, strict=False):
        known[column, each] = True
    trees = [(output, tree) for each in model._predictors for output, tree in enumerate(each)]
    first = np.cumsum([0, *(len(tree.nodes) for _, tree in trees)])
    row = np.cumsum([0, *(len(tree.raw_left_cat_bitsets) for _, tree in trees)])
    nodes = [_nodes(tree.nodes, order, *at) for (_, tree), *at in zip(trees, first, row, strict=False)]
    sides = [_goes_left(tree, codes, known.shape[1]) for _, tree in trees]
    return {
        **{name: np.concatenate([each[name] for each in nodes]) for name in nodes[0]},
        "goes_left": np.concatenate(sides),
        "known": known,
        "first": first[:-1],
        "adds_to": np.array([output for output, _ in trees]),
        "start": model._baseline_prediction.ravel(),
    }


def _nodes(nodes: Any, order: Any, first: int, row: int) -> dict[str, Any]:
    """Give the nodes of one tree, numbered from `first` on, and their rows of `goes_left` from `row` on."""
    import numpy as np

    own, leaf = np.arange(len(nodes)), nodes["is_leaf"] > 0
    return {
        "feature": np.where(leaf, 0, order[np.where(leaf, 0, nodes["feature_idx"])]),
        "threshold": nodes["num_threshold"],
        "left": np.where(leaf, own, nodes["left"]) + first,
        "right": np.where(leaf, own, nodes["right"]) + first,
        "missing_left": nodes["missing_go_to_left"] > 0,
        "category": np.where((nodes["is_categorical"] > 0) & ~leaf, nodes["bitset_idx"] + row, -1),
        "value": np.where(leaf, nodes["value"], 0.0),
    }


def _goes_left(tree: Any, codes: Any, width: int) -> Any:
    """Tell for each split by categories which codes go left: bit l of a set is that of the l-th known category."""
    import numpy as np

    sets = np.ascontiguousarray(tree.raw_left_cat_bitsets, "<u4")
    bits = np.unpackbits(sets.view(np.uint8), axis=1, bitorder="little") > 0
    table = np.zeros((len(sets), width), bool)
    for node in tree.nodes[(tree.nodes["is_categorical"] > 0) & (tree.nodes["is_leaf"] == 0)]:
        known = codes[node["feature_idx"]]
        table[node["bitset_idx"], known] = bits[node["bitset_idx"], : len(known)]
    return table
