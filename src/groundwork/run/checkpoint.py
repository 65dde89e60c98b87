"""Checkpoints: plain types and tensors only, written whole or not at all, read with weights_only."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO

from groundwork.batch import UserError
from groundwork.run.folder import write_bytes


class AtomicCheckpointIO(CheckpointIO):
    """Save beside the target, to the disk, then move: a killed run never leaves half a checkpoint."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write the checkpoint."""
        save(checkpoint, Path(path))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: Any = None
    ) -> dict[str, Any]:
        """Read the checkpoint."""
        return load(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove the checkpoint."""
        Path(path).unlink(missing_ok=True)


def save(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint to disk, whole."""
    buffer = io.BytesIO()
    torch.save(dict(checkpoint), buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU without executing anything that it holds.

    Raises:
        UserError: If the file is missing, damaged or holds more than plain types and tensors.
    """
    if not path.is_file():
        raise UserError(f"{path} must be a checkpoint, but there is no such file. Train or resume the run.")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path} must be a whole checkpoint of plain types, but: {first}") from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise UserError(f"{path} must be a checkpoint of a run, but it holds no state_dict.")
    return checkpoint
