"""Where shards lie: a folder, or an address such as s3://bucket/birds with a cache on this machine's disk."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

from groundwork.core.cache import touch
from groundwork.core.errors import UserError, one_line
from groundwork.core.lock import locked

LOCKS = 64  # files that chunks share as locks


def is_remote(url: str) -> bool:
    """Tell an address from a path."""
    return "://" in url


@dataclass(frozen=True)
class Place:
    """Bring the files of shards to the disk.

    Attributes:
        url: Folder, or the address of one.
        cache: Folder on this machine's disk for what lies at an address.
        max_bytes: What the files of chunks there may take; those that were used least recently go.
    """

    url: str
    cache: Path
    max_bytes: int

    @property
    def is_remote(self) -> bool:
        """Tell whether files are copied to the cache before they are read."""
        return is_remote(self.url)

    @property
    def folder(self) -> Path:
        """Give the folder in which files are read."""
        return self.cache if self.is_remote else Path(self.url)

    def find(self, name: str, num_bytes: int | None = None) -> Path:
        """Give the path of a file on the disk, brought there first if need be.

        Args:
            num_bytes: Its size; None takes whatever is there.

        Raises:
            UserError: If it is not at the address, or can't be brought.
        """
        path = self.folder / name
        if not self.is_remote:
            return path
        if path.is_file():
            touch(path)
            return path
        self.cache.mkdir(parents=True, exist_ok=True)  # another run may have made room
        touch(self.cache)
        with locked(self.cache / f".{crc32(name.encode()) % LOCKS}.lock"):
            if not path.is_file():  # another process may have been first
                self._bring(name, path, num_bytes)
                self._evict(path)
        return path

    def _bring(self, name: str, path: Path, num_bytes: int | None) -> None:
        temporary = path.with_name(f".{name}.{uuid4().hex}")
        try:
            provider(self.url, os.getpid()).download_file(f"{self.url}/{name}", str(temporary))
            size = temporary.stat().st_size
            if num_bytes not in (None, size):
                raise UserError(
                    f"{self.url}/{name} must hold {num_bytes:,} bytes, but holds {size:,}. Convert again."
                )
            temporary.replace(path)
        except UserError:
            raise
        except Exception as error:  # of whichever library reads this kind of address
            raise UserError(
                f"{self.url}/{name} cannot be read: {one_line(error)}. Check data.url."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    def _evict(self, keep: Path) -> None:
        """Remove chunks until the others fit; a process that has one open goes on reading it."""
        found = []
        for each in os.scandir(self.cache):
            with suppress(FileNotFoundError):
                if each.name.endswith(".bin"):
                    found.append((each.stat().st_mtime, each.stat().st_size, Path(each.path)))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.max_bytes:
                break
            if path != keep:
                with suppress(OSError):  # gone already, or Windows refuses while one has it open
                    path.unlink()
                    total -= size


@cache
def provider(url: str, _process: int) -> Any:
    """Give litdata's client for an address; a forked process must have one of its own.

    Raises:
        UserError: If the address is of no kind that litdata knows, or litdata is not installed.
    """
    try:
        # It takes seconds: only for what lies at an address.
        from litdata.streaming.fs_provider import _get_fs_provider
    except ModuleNotFoundError as error:
        raise UserError(
            f"{url} needs litdata, which is not installed. Run: uv sync --extra shards."
        ) from error
    try:
        return _get_fs_provider(url, _patience() if url.startswith("s3:") else None)
    except (ValueError, ModuleNotFoundError) as error:
        raise UserError(
            f"{url} cannot be opened: {one_line(error)}. Use s3://, gs:// or a folder."
        ) from error


def _patience() -> dict[str, Any]:
    """Give up on an address that does not answer: litdata's thousand attempts are hours."""
    from botocore.config import Config  # litdata's own client

    return {"config": Config(retries={"max_attempts": 8, "mode": "standard"})}
