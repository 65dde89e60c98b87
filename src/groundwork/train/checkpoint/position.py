"""What Lightning's checkpoints leave out of a run's position, so that a resumed run is the same to the last bit."""

import random
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from groundwork.core.patches import accumulates
from groundwork.data import GroundworkDataModule
from groundwork.train.checkpoint.moved import move


class Position(Callback):
    """Save and restore random generators, gradients inside an accumulation, and where the loops stand.

    Args:
        config: Of the run.

    Attributes:
        validates: Whether a validation is due at the checkpoint that is being saved, and has not been finished.
        inside: Whether the checkpoint is saved at the end of a batch, not after a validation.
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config
        self.validates = self.inside = False
        self._loaded: dict[str, Any] | None = None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Complete the checkpoint; every rank comes by here."""
        gradients = None
        if accumulates(trainer):
            gradients = {
                name: parameter.grad.cpu()
                for name, parameter in pl_module.named_parameters()
                if parameter.grad is not None
            }
        checkpoint["ranks"] = of_all_ranks(
            {"random": random_state(pl_module.device), "gradients": gradients}, trainer
        )
        # Lightning keeps it under the name of a class, which changes when the package is renamed.
        checkpoint["batches"] = _data(trainer).state_dict()
        settle(checkpoint["loops"]["fit_loop"], self.inside, self.validates)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep this rank's part until training starts: what comes before it draws numbers too."""
        move(checkpoint, self.config, _data(trainer), trainer.world_size)
        ranks = checkpoint["ranks"]
        self._loaded = ranks[trainer.global_rank] if len(ranks) == trainer.world_size else None
        _data(trainer).load_state_dict(checkpoint["batches"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put generators and gradients back."""
        if self._loaded is None:
            return
        restore_random(self._loaded["random"], pl_module.device)
        if self._loaded["gradients"] is not None:
            for name, parameter in pl_module.named_parameters():
                gradient = self._loaded["gradients"].get(name)
                parameter.grad = None if gradient is None else gradient.to(parameter.device)
        self._loaded = None


def settle(loops: dict[str, Any], inside: bool, validates: bool) -> None:
    """Say in Lightning's counters: this batch is complete, and a validation is or is not still to come.

    Lightning restarts elsewhere after a checkpoint at the end of a batch, and skips a validation that was due.

    Args:
        loops: State of the loop over epochs.
        inside: See `Position`.
        validates: See `Position`.
    """
    for counts in (
        loops["epoch_loop.batch_progress"]["total"],
        loops["epoch_loop.batch_progress"]["current"],
    ):
        counts["completed"] = counts["processed"]
    if inside and not validates:
        loops["epoch_loop.state_dict"]["_batches_that_stepped"] += 1
    if validates:
        # One batch begun and none done makes Lightning run the validation from its first batch.
        loops["epoch_loop.val_loop.batch_progress"] = {
            "total": {"ready": 1, "started": 1, "processed": 0, "completed": 0},
            "current": {"ready": 0, "started": 0, "processed": 0, "completed": 0},
            "is_last_batch": False,
        }


def random_state(device: torch.device) -> dict[str, Any]:
    """Read the generators of Python, numpy and torch as plain types."""
    version, words, gauss = random.getstate()
    algorithm, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, list(words), gauss],
        "numpy": [algorithm, np.asarray(keys).tolist(), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "device": torch.get_device_module(device).get_rng_state() if device.type != "cpu" else None,
    }


def restore_random(state: dict[str, Any], device: torch.device) -> None:
    """Set the generators of Python, numpy and torch."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    algorithm, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((algorithm, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if device.type != "cpu" and state["device"] is not None:
        torch.get_device_module(device).set_rng_state(state["device"])


def seed_phase(seed: int, phase: int, rank: int) -> None:
    """Start the generators of one phase on one rank, whatever was drawn before it."""
    words = np.random.SeedSequence([seed % 2**64, phase, rank]).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))
    torch.manual_seed(int(words[2]))


def of_all_ranks(own: dict[str, Any], trainer: Trainer) -> list[dict[str, Any]]:
    """Gather what each rank saves of itself, in the order of the ranks."""
    if trainer.world_size == 1:
        return [own]
    found: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(found, own)
    return found


def _data(trainer: Any) -> GroundworkDataModule:
    data: GroundworkDataModule = trainer.datamodule
    return data
