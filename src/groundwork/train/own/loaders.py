"""Loaders of a module of the user's -> what will not go as it seems, before the first step."""

from collections.abc import Callable

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import IterableDataset

from groundwork.core.errors import UserError
from groundwork.core.patches import refused_by_val

STREAMED = (
    "{0} is an IterableDataset: each of {1} devices reads all that it yields, so that samples count {1} times, unless "
    "it divides itself by torch.distributed.get_rank()"
)


class CheckLoaders(Callback):
    """Refuse loaders of val that a module's steps cannot take, and say what several devices read twice.

    Args:
        note: Says a line.
    """

    def __init__(self, note: Callable[[str], None]):
        self.note = note

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at what Lightning has just loaded.

        Raises:
            UserError: If val has several loaders and a step of it no `dataloader_idx`, in Lightning's words.
        """
        if said := refused_by_val(trainer):
            raise UserError(said)
        for split, loaders in (("train", trainer.train_dataloader), ("val", trainer.val_dataloaders)):
            datasets = (getattr(loader, "dataset", None) for loader in CombinedLoader(loaders).flattened)
            if trainer.world_size > 1 and any(isinstance(one, IterableDataset) for one in datasets):
                self.note(STREAMED.format(split, trainer.world_size))
