"""Everything that val chose among -> its predictions of val, kept until the choosing is taken out of its number."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

MOST_BYTES = 64_000_000  # of kept predictions; beyond, nothing is kept and nothing is corrected


@dataclass
class Tried:
    """Hold the predictions of the judging rows by every candidate, (N, K) or (N, T) each.

    Attributes:
        predictions: Of val by heads and networks that learned from train alone.
        before: The same by those that the advice compared, before the run itself began.
        nested: Of train and then val by heads that neither learned from a row nor were chosen on it; None where
            folds did not choose.
        folds: Number of folds that chose; 1 where val did.
        dropped: Whether there was too much to keep.
    """

    predictions: list[NDArray[np.floating]] = field(default_factory=list)
    before: list[NDArray[np.floating]] = field(default_factory=list)
    nested: NDArray[np.floating] | None = None
    folds: int = 1
    dropped: bool = False

    @property
    def every(self) -> list[NDArray[np.floating]]:
        """Give all that was chosen among."""
        return [*self.before, *self.predictions]

    def like(self, prediction: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        """Give all of the same rows and outputs that was chosen among."""
        return [each for each in self.every if each.shape == prediction.shape]

    def keep(self, prediction: NDArray[np.floating]) -> None:
        """Add one candidate, unless all of them together are too much."""
        self.predictions.append(np.asarray(prediction, np.float32 if prediction.shape[1] > 1 else np.float64))
        if self.dropped or sum(each.nbytes for each in self.every) > MOST_BYTES:
            self.predictions.clear()
            self.before.clear()
            self.dropped = True


class KeepTried(Callback):
    """Keep what each validation predicted, in checkpoints, too, so that a resumed run has it.

    Args:
        tried: Where to.
    """

    def __init__(self, tried: Tried):
        self.tried = tried

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the whole split; a task of one's own may hold none."""
        outputs = getattr(pl_module, "last_outputs", None)
        if outputs is not None and not trainer.sanity_checking:
            self.tried.keep(outputs.prediction)

    def state_dict(self) -> dict[str, Any]:
        """Give the predictions as plain tensors."""
        kept, before = (
            [torch.from_numpy(each) for each in part] for part in (self.tried.predictions, self.tried.before)
        )
        return {"predictions": kept, "before": before, "dropped": self.tried.dropped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the predictions of an earlier process."""
        self.tried.predictions[:] = [each.numpy() for each in state_dict["predictions"]]
        # A winner goes on from the checkpoint of its race, which knows of no other candidate.
        self.tried.before[:] = [each.numpy() for each in state_dict.get("before", ())] or self.tried.before
        self.tried.dropped = state_dict["dropped"]
