"""After each validation -> whoever watches the run may end it."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.run.callbacks.observe import Observer, Pruned, observer


class AskObserver(Callback):
    """Tell the observer the monitored value, and end the run where it says so.

    Args:
        tell: See `observed`.
        rows: Of the history, over all phases.
        monitor: Name of the metric with its split.
    """

    def __init__(self, tell: Observer, rows: list[dict[str, Any]], monitor: str):
        self.tell, self.rows, self.monitor = tell, rows, monitor

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell and ask."""
        if not trainer.sanity_checking and self.tell(
            len(self.rows), float(trainer.callback_metrics[self.monitor])
        ):
            raise Pruned(f"pruned at validation {len(self.rows)}: below the median of the other trials")


def ask_observer(rows: list[dict[str, Any]], monitor: str) -> list[Callback]:
    """Build the callback, where somebody watches; for its arguments see there."""
    tell = observer()
    return [] if tell is None else [AskObserver(tell, rows, monitor)]
