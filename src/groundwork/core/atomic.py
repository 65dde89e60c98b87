"""Content -> a file that is either complete or not there at all, also when the power fails in between."""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.core.ranks import is_first

TEMPORARY = ".tmp"  # ends the name of a file that is being written


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a path beside a file to write to; once it is on the disk it takes the file's place, else it is removed.

    Source:
        A temporary file on another file system is moved by copying, which a kill can interrupt; without fsync the new
        name may reach the disk before the content does.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically. Of several ranks, which all hold the same, the first one writes.

    Raises:
        UserError: If the disk is full or cannot be written; the file is then what it was.
    """
    if not is_first():
        return
    try:
        with atomic_path(path) as temporary, temporary.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise _unwritable(path, len(content), error) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


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
