"""The group `callbacks` -> callbacks of a run with modules of the user's, in the order in which it needs them."""

from typing import Any

from lightning.pytorch import Callback

from groundwork.core.directions import direction_of_own
from groundwork.core.errors import UserError
from groundwork.train.callbacks.entries import build_entry, in_order, wanted_entries
from groundwork.train.callbacks.phases import Phases, announce
from groundwork.train.callbacks.pruning import build_pruning
from groundwork.train.custom import own_module
from groundwork.train.own.history import OwnHistory
from groundwork.train.own.keep import KeepEpochs
from groundwork.train.own.loaders import CheckLoaders
from groundwork.train.own.run import OwnRun

# Searches of Lightning, which drop the checkpoint that a run goes on from.
RATE, SIZE = "LearningRateFinder", "BatchSizeFinder"
# Entries of `callbacks` that are others here.
HISTORY, CHECKPOINT = "groundwork.train.History", "groundwork.train.KeepBestAndLast"


def build_own_callbacks(run: OwnRun) -> list[Callback]:
    """Build what happens beside the steps of a run."""
    config, parts = run.config, run.model.parts
    phases = Phases(parts, lambda part: {}, run.folder, config.seed)
    name = own_module(config) or str(config.task.module._target_)
    given: dict[str, Any] = {
        "monitor": config.monitor,
        "mode": run.direction,
        "console": run.console,
        "phases": phases,
        "sample_ids": None,
    }
    wanted = wanted_entries(run).values()
    written = run.folder.history if HISTORY in [node._target_ for node in wanted] else None
    callbacks: list[Callback] = [
        CheckLoaders(run.note_once),
        OwnHistory(written, run.rows, config.monitor, name, run.console.note),
    ]
    for node in wanted:
        searches = str(node._target_).rpartition(".")[2]
        if node._target_ == HISTORY or (searches == RATE and run.checkpoint is not None):
            continue  # the rate that was found is in the optimizer's state
        if searches == SIZE and run.checkpoint is not None:
            raise UserError(
                f"{SIZE} must not search anew in a run that goes on: Lightning would forget the checkpoint. Start a "
                "new run with the batch size that train.log names."
            )
        if node._target_ == CHECKPOINT:
            callbacks.append(
                KeepEpochs(
                    run.folder, run.console, config.monitor, run.direction, run.describe, run.checkpoint
                )
            )
        else:
            callbacks.append(build_entry(node, given, lambda name: direction_of_own(name, None)))
    callbacks = in_order([*callbacks, phases, *build_pruning(run.rows, config.monitor)])
    announce(callbacks, parts[0])
    return callbacks
