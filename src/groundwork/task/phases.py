"""The phases of `transfer` under a bare Trainer: each has its share of the epochs, its rates and its best weights."""

import gc
import math
from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, WeightAveraging
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.epochs import share_epochs
from groundwork.core.errors import UserError


class TaskPhases(Callback):
    """Train one phase after the other, each from the best weights of the one before.

    A task of several phases brings it along. `trainer.max_epochs` is the total, shared out as the scenario says; early
    stopping ends a phase, in the last one the training.

    Args:
        task: Whose phases these are.
    """

    def __init__(self, task: Any):
        self.task = task
        self.epochs: Sequence[int] = ()
        self.at, self.first_epoch, self._over = 0, 0, False
        self.best_value, self.best = -math.inf, dict[str, Tensor]()

    @property
    def is_last(self) -> bool:
        """Whether no phase follows."""
        return self.at + 1 >= len(self.task.phases)

    def begin(self, trainer: Any) -> None:
        """Enter the first phase, before the optimizer is built.

        Raises:
            UserError: If the trainer cannot go from phase to phase.
        """
        phases = self.task.phases
        self.at, self.first_epoch, self._over, self.best_value, self.best = 0, 0, False, -math.inf, {}
        if len(phases) < 2:
            return
        check_strategy(trainer.strategy)
        if trainer.max_epochs is None or trainer.max_epochs < 1:
            raise UserError(
                "max_epochs must be given where several phases share it, but is not. Set Trainer(max_epochs=...)."
            )
        if trainer.max_epochs < len(phases) and trainer.global_rank == 0:
            Console().note(
                f"max_epochs={trainer.max_epochs} trains {trainer.max_epochs} of {len(phases)} phases"
            )
        self.epochs = share_epochs([phase.share for phase in phases], trainer.max_epochs)
        self._enter(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights of the best validation for the phase that follows."""
        if trainer.sanity_checking or self.is_last or trainer.state.fn != "fit":
            return
        value = float(trainer.callback_metrics.get(f"val/{self.task.monitor}", math.nan))
        value = value if self.task.mode == "max" else -value
        if value > self.best_value:  # never so for what is not a number
            network = self.task.network
            moves = {name for name, one in network.named_parameters() if one.requires_grad}
            moves |= {name for name, _ in network.named_buffers()}
            kept = {name: one.cpu().clone() for name, one in network.state_dict().items() if name in moves}
            self.best_value, self.best = value, kept

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See whether the phase is over, also where early stopping is about to end the training."""
        if self.is_last or not self.epochs:
            return
        stopping = [
            one for one in callbacks_of(trainer) if isinstance(one, EarlyStopping) and one.stopped_epoch
        ]
        if trainer.should_stop and stopping:
            trainer.should_stop, self._over = False, True
        if trainer.current_epoch + 1 - self.first_epoch >= self.epochs[self.at]:
            self._over = True

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the next phase, if it is due."""
        if not self._over:
            return
        network = self.task.network
        network.load_state_dict({**network.state_dict(), **self.best})
        self.at, self.first_epoch, self._over = self.at + 1, trainer.current_epoch, False
        self.best_value, self.best = -math.inf, {}
        self._enter(trainer)
        for callback in callbacks_of(trainer):
            if isinstance(callback, EarlyStopping):
                callback.wait_count = callback.stopped_epoch = 0
        wrap_again(trainer, self.task)

    def _enter(self, trainer: Trainer) -> None:
        self.task.enter(self.task.phases[self.at], self.epochs[self.at] / int(trainer.max_epochs or 1))

    def state_dict(self) -> dict[str, Any]:
        """Return where the phase began, and its best weights."""
        return {name: getattr(self, name) for name in ("at", "first_epoch", "_over", "best_value", "best")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on inside a phase; the optimizer is built after this."""
        for name, value in state_dict.items():
            setattr(self, name, value)
        if self.epochs:
            self._enter(self.task.trainer)


def wrap_again(trainer: Any, task: Any) -> None:
    """Let the strategy see what trains now: gradients of all ranks, a new optimizer, a new average."""
    strategy = trainer.strategy
    if isinstance(strategy, DDPStrategy):
        # DDP listens to the weights that trained when it was wrapped around them; ranks would drift apart.
        strategy.model = strategy.lightning_module
        gc.collect()  # hooks of the one before go with it
        strategy.configure_ddp()
    strategy.setup_optimizers(trainer)
    for callback in trainer.callbacks:
        if isinstance(callback, WeightAveraging):
            callback.setup(trainer, task, "fit")
        elif isinstance(callback, LearningRateMonitor):
            callback.on_train_start(trainer)  # it names the rates of an optimizer when training starts


def check_strategy(strategy: object) -> None:
    """Refuse a strategy that cannot go from phase to phase.

    Raises:
        UserError: If it is neither that of one device nor DDP.
    """
    if not isinstance(strategy, DDPStrategy | SingleDeviceStrategy):
        raise UserError(
            f"trainer.strategy must be auto or ddp where several phases train, but got {type(strategy).__name__}. "
            f"Use transfer=large_different or transfer=scratch, or trainer=ddp."
        )


def callbacks_of(trainer: Trainer) -> list[Callback]:
    """Give the callbacks of a trainer."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by its connector
    return callbacks
