"""Several phases of training inside one `Trainer.fit`: each has its network, inputs, rates and best weights."""

from collections.abc import Callable, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from groundwork.core.run_folder import RunFolder
from groundwork.data import GroundworkDataModule
from groundwork.task.phases import check_strategy, wrap_again
from groundwork.train.checkpoint import keep_finished, load
from groundwork.train.checkpoint.position import seed_phase
from groundwork.train.checkpoint.weights import network_state
from groundwork.train.part import Part

Settings = Callable[[Part], dict[str, Any]]


class Phases(Callback):
    """Train one part after the other: a new optimizer, schedule and average for each, from the best weights before it.

    A part ends after its epochs, or earlier where `end` is called; the last one ends the training. A callback that
    defines `on_phase_start(part)` is told of each.

    Args:
        parts: That are still to be trained, the first of which the task holds already.
        settings: Part -> arguments of `Task.begin`.
        folder: Of the run.
        seed: Of the run.
    """

    def __init__(self, parts: Sequence[Part], settings: Settings, folder: RunFolder, seed: int):
        self.parts, self.settings, self.folder, self.seed = parts, settings, folder, seed
        self.at, self.first_epoch = 0, 0
        self._due = self._began = False  # the next part begins with the next epoch

    @property
    def part(self) -> Part:
        """The part that trains now."""
        return self.parts[self.at]

    @property
    def is_last(self) -> bool:
        """Whether no part follows."""
        return self.at + 1 == len(self.parts)

    def end(self, trainer: Trainer, task: Any) -> None:
        """End the part that trains now, in the middle of an epoch, too."""
        if self.is_last:
            trainer.should_stop = True
        else:
            task.ends_epoch = True

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the generators of the phase, and refuse a strategy that cannot take in other weights on the way.

        Raises:
            UserError: If there are phases to come that it would not see.
        """
        if not self.is_last:
            check_strategy(trainer.strategy)
        seed_phase(self.seed, self.part.number, trainer.global_rank)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that everything is built and restored: what goes wrong from here on went wrong in training."""
        self._began = True

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Say where training was."""
        if self._began:
            exception.add_note(
                f"in phase {self.part.number}, epoch {trainer.current_epoch + 1}, step {trainer.global_step}"
            )

    def is_last_epoch(self, trainer: Trainer) -> bool:
        """Tell whether the part that trains now has no epoch after this one."""
        return trainer.current_epoch + 1 - self.first_epoch >= self.part.epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See whether the part is over."""
        task: Any = pl_module
        ends = getattr(task, "ends_epoch", False)  # which a module of the user's does not know
        if not (ends or self.is_last_epoch(trainer)):
            return
        if self.is_last:
            trainer.should_stop = True
        else:
            self._due = True

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the next part, if it is due."""
        if not self._due:
            return
        is_latest = restore_best(self.folder, self.part)
        if is_latest and trainer.is_global_zero:
            keep_finished(self.folder)
        trainer.strategy.barrier()
        self.at, self.first_epoch, self._due = self.at + 1, trainer.current_epoch, False
        self._begin(trainer, pl_module)

    def _begin(self, trainer: Any, task: Any) -> None:
        part, strategy = self.part, trainer.strategy
        seed_phase(self.seed, part.number, trainer.global_rank)
        data: GroundworkDataModule = trainer.datamodule
        data.read(part.source)
        task.begin(**self.settings(part))
        strategy.precision_plugin.convert_module(task.network).to(strategy.root_device)
        task.network.train()
        announce(trainer.callbacks, part)
        wrap_again(trainer, task)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Say which phase a checkpoint belongs to."""
        checkpoint["phase"] = self.part.number

    def state_dict(self) -> dict[str, Any]:
        """Return where the part began."""
        return {"first_epoch": self.first_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on inside the first of the parts."""
        self.first_epoch = state_dict["first_epoch"]


def announce(callbacks: Sequence[Callback], part: Part) -> None:
    """Tell those callbacks that want to know it which part begins."""
    for callback in callbacks:
        if (listen := getattr(callback, "on_phase_start", None)) is not None:
            listen(part)


def restore_best(folder: RunFolder, part: Part) -> bool:
    """Give the network of a part the weights of its best validation, and the whole network what was trained.

    Returns:
        Whether `best.ckpt` is of this part; it is of the next one where the run was killed after that had begun.
    """
    checkpoint = load(folder.best)
    is_latest: bool = checkpoint.get("phase", part.number) <= part.number
    if not is_latest:
        checkpoint = load(folder.finished)
    # Only its own tensors: the checkpoint of a finished run holds the whole network that a trained head was put into.
    best = network_state(checkpoint)
    part.network.load_state_dict({name: best[name] for name in part.network.state_dict()})
    part.leave()
    return is_latest
