"""What a training logs by step -> `steps.csv` in the run folder, and curves of loss and rate for every logger."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from torch import Tensor

from groundwork.core.atomic import write_text
from groundwork.core.patches import accumulates, count_logged_from, logged_step, logs_now
from groundwork.core.ranks import is_first

OF_LIGHTNING = {"epoch", "step"}  # counted here as in history.csv, from 1
STATE = "logged_steps"  # of a checkpoint


class StepsFile(Logger):
    """Write one row per logged step: epoch, step, and what is logged while the row is open.

    The step counts optimizer steps over all phases, from 1; the last row is rewritten as more of its step arrives.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self._row: dict[str, Any] | None = None
        self._names: list[str] = []
        self._end = 0  # bytes before the open row

    @property
    def name(self) -> str:
        """The folder, below that of the run, of those who ask a logger where to write."""
        return "lightning"

    @property
    def version(self) -> str:
        """None: a run has one file."""
        return ""

    def begin(self, step: int) -> None:
        """Drop the rows after a step, which an earlier process wrote beyond its last checkpoint."""
        if not is_first():
            return
        rows = [row for row in self._read() if int(row["step"]) <= step]
        self._names = list(rows[0]) if rows else []
        if rows:
            self._rewrite(rows)
        else:
            self.path.unlink(missing_ok=True)
            self._end = 0

    def open(self, epoch: int, step: int) -> None:
        """Begin the row of a step; it is written when there is something to write."""
        self.close()
        if is_first():
            self._row = {"epoch": epoch, "step": step}

    def close(self) -> None:
        """End the row: what is logged from now on is not of a step."""
        if self._row is not None and self.path.exists():
            self._end = self.path.stat().st_size
        self._row = None

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Add to the open row; what Lightning names `loss_step` is the column `loss`."""
        if self._row is None:
            return
        values = {
            re.sub(r"_step$", "", name): value
            for name, value in metrics.items()
            if isinstance(value, int | float) and name not in OF_LIGHTNING
        }
        if values:
            self._row |= values
            self._write()

    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Leave them to config.yaml."""

    def _write(self) -> None:
        assert self._row is not None
        if new := [name for name in self._row if name not in self._names]:
            rows = self._read(self._end)
            self._names += new
            self._rewrite(rows)
        with self.path.open("r+b") as file:
            file.truncate(self._end)
            file.seek(self._end)
            file.write(self._text([self._row]).encode())

    def _read(self, end: int | None = None) -> list[dict[str, Any]]:
        """Read the rows before a byte that are whole."""
        if not self.path.exists():
            return []
        text = self.path.read_bytes()[:end].decode("utf-8", "replace")
        return list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])))

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        header = self._text([{name: name for name in self._names}])
        text = header + self._text(rows)
        write_text(self.path, text)
        self._end = len(text.encode())

    def _text(self, rows: list[dict[str, Any]]) -> str:
        target = io.StringIO()
        writer = csv.DictWriter(target, self._names, lineterminator="\n")
        writer.writerows(rows)
        return target.getvalue()


class StepCurves(Callback):
    """Hand loss and learning rate to every logger each `trainer.log_every_n_steps`; the device is read only then.

    The loss is that of the first rank's last batch. Stands before all other callbacks, so that what they log of a step
    is in its row.

    Args:
        first: Steps of earlier phases, which the steps of this one are counted on from.
    """

    def __init__(self, first: int):
        self.first = first
        self._reached: int | None = None
        self._rates: dict[str, float] = {}

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on from the step of a checkpoint; one of the first edition does not know of phases before."""
        self._reached = int(checkpoint.get(STATE, checkpoint["global_step"]))

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep how many steps are logged: Lightning counts a step only after the checkpoints that follow it."""
        checkpoint[STATE] = logged_step(trainer) + (not accumulates(trainer))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count on from earlier phases, and drop what was logged beyond the checkpoint."""
        if self._reached is None:
            count_logged_from(trainer, self.first)
        for logger in trainer.loggers:
            if hasattr(logger, "begin"):
                logger.begin(self.first if self._reached is None else self._reached)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Open the row of a step that is logged, and read its rates, which change before its end."""
        if logs_now(trainer):
            self._rates = _rates(trainer)
            for file in _files(trainer):
                file.open(trainer.current_epoch + 1, logged_step(trainer) + 1)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log loss and rates."""
        if not logs_now(trainer) or accumulates(trainer):
            return
        metrics = dict(self._rates)
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if isinstance(loss, Tensor):
            # Lightning divides it by the batches of a step.
            parts = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
            metrics["train/loss_step"] = float(loss.detach()) * parts
        for logger in trainer.loggers:
            logger.log_metrics(metrics, step=logged_step(trainer))
            logger.save()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the row."""
        self._close(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the row."""
        self._close(trainer)

    def _close(self, trainer: Trainer) -> None:
        for file in _files(trainer):
            file.close()


def steps_before(rows: list[dict[str, Any]]) -> int:
    """Count the steps of the phases that are in a history."""
    last: dict[Any, int] = {}
    for row in rows:
        if row.get("step"):
            last[row.get("phase")] = int(row["step"])
    return sum(last.values())


def _files(trainer: Trainer) -> list[StepsFile]:
    return [logger for logger in trainer.loggers if isinstance(logger, StepsFile)]


def _rates(trainer: Trainer) -> dict[str, float]:
    """Give the largest rate among the groups of each optimizer, if there are any: `lr`, or `lr/0`, `lr/1`, ..."""
    rates = [
        max(float(group["lr"]) for group in one.param_groups)
        for one in trainer.optimizers
        if one.param_groups
    ]
    return (
        {"lr": rates[0]} if len(rates) == 1 else {f"lr/{number}": rate for number, rate in enumerate(rates)}
    )
