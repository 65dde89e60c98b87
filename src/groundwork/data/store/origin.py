"""Raw images, from files or from memory, one by one or by many threads."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groundwork.data.store.decode import MAX_PIXELS, BadImageError, Header, decode, read_header
from groundwork.data.store.resize import Form

# Rows that a thread takes at once where each takes next to no time.
BLOCK = 64

Progress = Callable[[int, int], None]
Result = TypeVar("Result")


class Origin(Protocol):
    """Hand out one raw image after the other."""

    def __len__(self) -> int:
        """Count the images."""
        ...

    def header(self, row: int) -> Header:
        """Read what is known before decoding."""
        ...

    def decode(self, row: int, least: int) -> tuple[NDArray[Any], str]:
        """Decode one image to at least this many pixels per side, if it has them, and say what was left out."""
        ...

    def status(self) -> str:
        """Hash what tells, without reading any content, that nothing has changed."""
        ...

    def content(self, workers: int) -> str:
        """Hash the content of all images, undecoded."""
        ...


class Files:
    """Images in files, one per row, of so many pixels at most."""

    def __init__(self, paths: Sequence[Path], max_pixels: int = MAX_PIXELS):
        self.paths, self.max_pixels = paths, max_pixels

    def __len__(self) -> int:
        return len(self.paths)

    def header(self, row: int) -> Header:
        """Open the file and read no pixel."""
        return read_header(self.paths[row], self.max_pixels)

    def decode(self, row: int, least: int) -> tuple[NDArray[Any], str]:
        """Read the whole file."""
        return decode(self.paths[row], least, self.max_pixels)

    def status(self) -> str:
        """Hash path, size and time of every file."""
        known = hashlib.sha256()
        for path in self.paths:
            try:
                found = path.stat()
                known.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
            except OSError:
                known.update(f"{path}\0\n".encode())
        return known.hexdigest()

    def content(self, workers: int) -> str:
        """Hash the bytes of every file, wherever it lies."""

        def hashed(row: int) -> bytes:
            path = self.paths[row]
            try:
                return hashlib.sha256(path.read_bytes()).digest() + path.suffix.lower().encode()
            except OSError:
                return b"unreadable"

        return hashlib.sha256(b"\n".join(in_blocks(hashed, len(self), workers))).hexdigest()


class Pixels:
    """Images that already lie in memory, (N, H, W, C)."""

    def __init__(self, pixels: NDArray[Any]):
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def header(self, row: int) -> Header:
        """Give the one size that all images share."""
        height, width, channels = self.pixels.shape[1:]
        return Header((height, width), channels, self.pixels.dtype.name)

    def decode(self, row: int, least: int) -> tuple[NDArray[Any], str]:
        """Give a view."""
        return self.pixels[row], ""

    def status(self) -> str:
        """Hash the pixels, since memory knows no time of change."""
        content = hashlib.sha256(f"{self.pixels.shape} {self.pixels.dtype}".encode())
        content.update(np.ascontiguousarray(self.pixels).data)
        return content.hexdigest()

    def content(self, workers: int) -> str:
        """Hash the pixels."""
        return self.status()


def raw(origin: Origin, form: Form, row: int) -> tuple[NDArray[Any], str]:
    """Decode one image to at least twice the pixels that its form keeps, and say what was left out."""
    # At twice the size, the decoder's own scaling leaves no trace.
    return origin.decode(row, 2 * max(form.size))


def formed(pixels: NDArray[Any], form: Form) -> tuple[NDArray[Any], str]:
    """Bring one decoded image into the common form and hash what comes out.

    Returns:
        (H, W, C) array and its content hash.
    """
    if pixels.shape[2] not in (1, form.channels):
        raise BadImageError(f"holds {pixels.shape[2]} channels, not {form.channels}")
    kept = np.ascontiguousarray(form.apply(pixels))
    if kept.shape != form.shape or kept.dtype != form.dtype:
        raise BadImageError(f"holds {kept.shape} {kept.dtype}, not {form.shape} {form.dtype}")
    # sha256 runs in hardware: a third of the time of blake2b, which would show beside decoding.
    content = hashlib.sha256(f"{pixels.shape}".encode())
    content.update(kept.data)
    return kept, content.hexdigest()[:32]


def parallel(
    work: Callable[[int], Result], num_rows: int, workers: int, progress: Progress | None
) -> Iterator[Result]:
    """Do the work for every row on threads, results in row order; decoding holds no interpreter lock."""
    pool = ThreadPoolExecutor(workers)
    try:
        for row, result in enumerate(pool.map(work, range(num_rows))):
            if progress is not None:
                progress(row + 1, num_rows)
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_blocks(work: Callable[[int], Result], num_rows: int, workers: int) -> Iterator[Result]:
    """Do work of less than a millisecond as `parallel` does: handing a row to a thread would cost more."""

    def block(number: int) -> list[Result]:
        return [work(row) for row in range(number * BLOCK, min((number + 1) * BLOCK, num_rows))]

    for results in parallel(block, -(-num_rows // BLOCK), workers, None):
        yield from results


@contextmanager
def silent_pillow() -> Iterator[None]:
    """Let our own limit on pixels rule, and name bad files ourselves instead of by warnings."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def read_headers(origin: Origin, workers: int) -> tuple[list[Header], dict[int, str]]:
    """Read all headers: those that could be read, and the reason for each row that could not."""

    def read(row: int) -> Header | str:
        try:
            return origin.header(row)
        except BadImageError as error:
            return str(error)

    found = list(in_blocks(read, len(origin), workers))
    bad = {row: reason for row, reason in enumerate(found) if isinstance(reason, str)}
    return [header for header in found if isinstance(header, Header)], bad
