"""Checkpoints: plain types and tensors only, written whole or not at all, checked and read with weights_only."""

import io
import shutil
import struct
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch
from lightning.fabric.plugins import CheckpointIO

from groundwork.core.atomic import write_bytes
from groundwork.core.errors import UserError, first_line
from groundwork.core.older import translated_checkpoint
from groundwork.core.pretrained import COMMENT_BYTES, MARK
from groundwork.core.ranks import is_first
from groundwork.core.run_folder import RunFolder


class AtomicCheckpointIO(CheckpointIO):
    """Save beside the target, to the disk, then move: a killed run never leaves half a checkpoint."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write the checkpoint, into a folder that a callback of one's own may just have named."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save(checkpoint, Path(path))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: Any = None
    ) -> dict[str, Any]:
        """Read the checkpoint."""
        return translated_checkpoint(load(Path(path)))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove the checkpoint."""
        Path(path).unlink(missing_ok=True)


def save(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint to disk, whole, with its checksum."""
    buffer = io.BytesIO()
    torch.save(dict(checkpoint), buffer)
    # The last two bytes of a zip file without a comment count the comment's bytes.
    buffer.seek(-2, io.SEEK_END)
    buffer.write(struct.pack("<H", COMMENT_BYTES))
    digest = blake2b(buffer.getbuffer(), digest_size=32).hexdigest()
    buffer.write(MARK + digest.encode())
    write_bytes(path, buffer.getbuffer())


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU without executing anything that it holds.

    Raises:
        UserError: If the file is missing, damaged or holds more than plain types and tensors.
    """
    if not path.is_file():
        raise UserError(f"{path} must be a checkpoint, but there is no such file. Train or resume the run.")
    try:
        content = path.read_bytes()
        _check_whole(content)
        checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can raise anything at all
        raise UserError(
            f"{path} must be a complete checkpoint of plain types, but: {first_line(error)}"
        ) from error
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise UserError(f"{path} must be a checkpoint of a run, but it holds no state_dict.")
    return checkpoint


def load_model(path: Path) -> dict[str, Any]:
    """Read a checkpoint that a network can be built from by itself.

    Raises:
        UserError: If it cannot be read, or lacks a part.
    """
    checkpoint = load(path)
    for key in ("config", "data", "reads"):
        if not isinstance(checkpoint.get(key), dict):
            raise UserError(f"{path} must hold {key}, but does not. Restore it, or repeat the run.")
    return checkpoint


def check_space(folder: RunFolder, weights: Mapping[str, torch.Tensor]) -> None:
    """Refuse to begin a training whose checkpoints do not fit on the disk.

    Raises:
        UserError: If best, last, previous and the one being written would need more than is free.
    """
    # Beside the weights stand their mean and two moments of the gradient.
    need = 4 * 4 * sum(tensor.nbytes for tensor in weights.values())
    free = shutil.disk_usage(folder.path).free
    if free < need:
        raise UserError(
            f"paths.runs must have {need:,} bytes free for checkpoints, but {folder.path} has {free:,}. Free some, "
            f"or name another disk."
        )


def keep_previous(folder: RunFolder) -> None:
    """Give `last.ckpt` the second name `previous.ckpt`, before a new one takes its place."""
    if not folder.last.exists() or not is_first():
        return
    folder.previous.unlink(missing_ok=True)
    try:
        folder.previous.hardlink_to(folder.last)
    except OSError:
        # No second names on this file system: for a moment there is a previous checkpoint and no last one.
        folder.last.replace(folder.previous)


def keep_finished(folder: RunFolder) -> None:
    """Give `best.ckpt` of a finished phase the second name `finished.ckpt`, before the next phase writes its own."""
    folder.finished.unlink(missing_ok=True)
    try:
        folder.finished.hardlink_to(folder.best)
    except OSError:
        shutil.copyfile(folder.best, folder.finished)


def load_last(folder: RunFolder) -> tuple[dict[str, Any] | None, str]:
    """Read the newest whole checkpoint to go on from, and make it `last.ckpt`.

    Returns:
        The checkpoint, None where there is none; and what was wrong with a newer one, "" where nothing was.
    """
    if not folder.last.exists() and not folder.previous.exists():
        return None, ""
    wrong = []
    for path in (folder.last, folder.previous):
        try:
            checkpoint = load(path)
        except UserError as error:
            wrong.append(str(error))
            continue
        if path == folder.previous:
            path.replace(folder.last)
            wrong.append("going on from previous.ckpt, which was saved before it")
        return checkpoint, "; ".join(wrong)
    return None, "; ".join([*wrong, "training from the start"])


def _check_whole(content: bytes) -> None:
    """Compare the checksum, and refuse what would grow when it is unpacked."""
    if content[-COMMENT_BYTES : -COMMENT_BYTES + len(MARK)] != MARK:
        raise ValueError("it does not end with its checksum")
    digest = blake2b(memoryview(content)[:-COMMENT_BYTES], digest_size=32).hexdigest()
    if content[-64:] != digest.encode():
        raise ValueError("its content does not match its checksum")
    try:
        entries = ZipFile(io.BytesIO(content)).infolist()
    except BadZipFile as error:
        raise ValueError(f"it is no archive ({error})") from error
    if any(entry.compress_type != ZIP_STORED for entry in entries):
        raise ValueError("it is compressed, as no checkpoint of ours is")
    if sum(entry.file_size for entry in entries) > len(content):
        raise ValueError("its parts are larger than the whole")
