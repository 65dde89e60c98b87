"""After each validation -> the pruner of a search may end the run."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.train.pruning import Pruned, Pruner, current_pruner


class Pruning(Callback):
    """Report the monitored metric to a pruner, and end the run where it says so.

    Args:
        pruner: See `pruned_by`.
        rows: Of the history, over all phases.
        monitor: Name of the metric with its split.
    """

    def __init__(self, pruner: Pruner, rows: list[dict[str, Any]], monitor: str):
        self.pruner, self.rows, self.monitor = pruner, rows, monitor

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the metric; stop if the pruner says so."""
        if not trainer.sanity_checking and self.pruner(
            len(self.rows), float(trainer.callback_metrics[self.monitor])
        ):
            raise Pruned(f"pruned at validation {len(self.rows)}: below the median of the other trials")


def build_pruning(rows: list[dict[str, Any]], monitor: str) -> list[Callback]:
    """Build the callback, where a pruner watches; for its arguments see there."""
    pruner = current_pruner()
    return [] if pruner is None else [Pruning(pruner, rows, monitor)]
