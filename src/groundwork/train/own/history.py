"""What a module of the user's logs -> rows of a history, and the full name of the monitor."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import BatchSizeFinder, LearningRateFinder

from groundwork.core.errors import UserError
from groundwork.core.patches import forget_logged
from groundwork.core.run_folder import plain
from groundwork.train.callbacks.history import write_history
from groundwork.train.own.run import logged_name


class OwnHistory(Callback):
    """Write one row per validation: what was logged in it, and at the end of the epoch what training logged.

    Without validations there is a row per epoch. The first rank's values count. Stands before all callbacks that ask
    for the monitor, whose name it completes.

    Args:
        path: Of `history.csv`; None writes none.
        rows: Of the run so far.
        monitor: As the configuration has it; see `logged_name`.
        name: Of the module, for the message.
        say: Notes a line.
    """

    def __init__(
        self,
        path: Path | None,
        rows: list[dict[str, Any]],
        monitor: str,
        name: str,
        say: Callable[[str], None],
    ):
        self.path, self.rows, self.asked, self.name, self.say = path, rows, monitor, name, say
        self._before: set[str] = set()
        self._of_val: set[str] = set()
        self._open = False  # the last row lacks what training logs at the end of its epoch

    @property
    def of_val(self) -> frozenset[str]:
        """Name what was logged while validating, by any name."""
        return frozenset(self._of_val)

    def state_dict(self) -> dict[str, Any]:
        """Return what is of val, which its name need not tell."""
        return {"of_val": sorted(self._of_val)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Know it again."""
        self._of_val |= set(state_dict["of_val"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with nothing logged, and say what Lightning has searched."""
        forget_logged(trainer)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by its connector
            if isinstance(callback, BatchSizeFinder) and callback.optimal_batch_size:
                self.say(f"BatchSizeFinder found a batch size of {callback.optimal_batch_size}")
            elif isinstance(callback, LearningRateFinder) and callback.optimal_lr:
                found = callback.optimal_lr.suggestion()
                self.say(
                    f"LearningRateFinder found {'no rate' if found is None else f'a rate of {found:.3g}'}"
                )

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note what training has logged."""
        self._before = set(trainer.callback_metrics)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add a row.

        Raises:
            UserError: If the monitor is not among what was logged.
        """
        if trainer.sanity_checking:
            return
        logged = trainer.callback_metrics
        self._of_val |= set(logged) - self._before
        found = logged_name(logged, self.asked)
        if found is None and self.asked != "auto":
            known = ", ".join(sorted(self._of_val)) or "nothing"
            raise UserError(
                f"monitor={self.asked} must be logged on val by {self.name}, which logs {known}. Use "
                f"monitor=NAME of one of these."
            )
        for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by its connector
            if found is not None and getattr(callback, "monitor", None) == self.asked:
                callback.monitor = found
        self._add(trainer, {name: logged[name] for name in logged if name in self._of_val})
        self._open = True

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Complete the row of the epoch before."""
        self._complete(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Complete the last row."""
        self._complete(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin a row where nothing is validated."""
        if not validates(trainer):
            self._add(trainer, {})
            self._open = True

    def _add(self, trainer: Trainer, logged: Mapping[str, Any]) -> None:
        row = {"phase": 1, "epoch": trainer.current_epoch + 1, "step": trainer.global_step}
        self.rows.append(plain(row | {name: float(value) for name, value in logged.items()}))
        self._write(trainer)

    def _complete(self, trainer: Trainer) -> None:
        if not self._open:
            return
        self._open = False
        logged = trainer.callback_metrics
        self.rows[-1] |= plain({name: float(logged[name]) for name in logged if name not in self._of_val})
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if self.path is not None and trainer.is_global_zero:
            write_history(self.path, self.rows)


def validates(trainer: Trainer) -> bool:
    """Tell whether the run has validations."""
    return bool(trainer.enable_validation) and sum(map(float, trainer.num_val_batches)) > 0
