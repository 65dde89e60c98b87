"""Content -> a file that is whole or not there at all, also when the power fails in between."""

import errno
import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from groundwork.batch import UserError
from groundwork.run.process.ranks import is_first

TEMPORARY = ".tmp"  # ends the name of a file that is being written


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all: beside its place, to the disk, then moved there.

    Of several ranks, which all hold the same, the first one writes.

    Raises:
        UserError: If the disk is full or cannot be written; the file is then what it was.
    """
    if not is_first():
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, len(content), error) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk; Windows opens no folders and needs none."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot, and say so
            raise
    finally:
        os.close(handle)


def _unwritable(path: Path, need: int, error: OSError) -> UserError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        free = shutil.disk_usage(path.parent).free
        return UserError(
            f"{path} must have {need:,} bytes, but {free:,} are free ({reason}). Free some, then go on with run=DIR."
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return UserError(f"{path} must be opened, but {reason}. Raise the limit, as by `ulimit -n 4096`.")
    return UserError(f"{path} must be a file that can be written, but {reason}. Repair that, then run=DIR.")
