"""What this Pillow decodes -> its formats, their suffixes, and pictures told by their first bytes."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFile

ARRAY_SUFFIXES = (".npy", ".npz")
# Pillow knows a film only by name, and hands PostScript over to another program, Ghostscript, which runs what it says.
NEVER = frozenset({"MPEG", "EPS"})
MAGIC = {b"\x93NUM": ".npy", b"PK\x03\x04": ".npz"}  # how the bytes of an array begin

Encoded = Path | bytes  # a file, or its content


@cache
def picture_formats() -> tuple[str, ...]:
    """Name the formats that Pillow decodes by itself, those that people have most of first."""
    Image.init()
    return tuple(kind for kind in Image.ID if kind not in NEVER and not _is_stub(kind))


@cache
def image_suffixes() -> frozenset[str]:
    """Collect the suffixes of images, in small letters: those of Pillow's formats, and of arrays."""
    formats = {*picture_formats(), "MPO"}  # Pillow opens an MPO as the JPEG that it begins with
    pictures = {suffix for suffix, kind in Image.registered_extensions().items() if kind in formats}
    return frozenset({*pictures, *ARRAY_SUFFIXES})


def suffix_of(name: str) -> str:
    """Return the suffix in small letters; "" where what follows the last dot is no word, as in `v1.2` or `a.jpg~`."""
    found = Path(name).suffix.lower()
    return found if re.fullmatch(r"\.[a-z][a-z0-9]{0,9}", found) else ""


def suffix(file: Encoded) -> str:
    """Return the suffix in small letters; of bytes that of an array, or "" for a picture, which Pillow tells itself."""
    return file.suffix.lower() if isinstance(file, Path) else MAGIC.get(file[:4], "")


def is_array(file: Encoded) -> bool:
    """Tell arrays from pictures."""
    return suffix(file) in ARRAY_SUFFIXES


def opened(file: Encoded) -> Path | BytesIO:
    """Give what Pillow, numpy and zipfile open."""
    return file if isinstance(file, Path) else BytesIO(file)


def is_image(path: Path) -> bool:
    """Tell whether a file is an image by its suffix, or by its first bytes where it has none."""
    found = suffix_of(path.name)
    return found in image_suffixes() if found else _begins_as_picture(path)


def _begins_as_picture(path: Path) -> bool:
    try:
        with Image.open(path, formats=_signed()):
            return True
    except Exception:  # a file of any kind may stand here, and libraries raise almost anything on it
        return False


@cache
def _signed() -> tuple[str, ...]:
    """Name the formats whose files begin with a signature; the others would take text for a picture."""
    return tuple(kind for kind in picture_formats() if Image.OPEN[kind][1] is not None)


def _is_stub(kind: str) -> bool:
    """Tell whether Pillow only recognizes a format, and leaves decoding to a library that is not here."""
    opener = Image.OPEN[kind][0] if kind in Image.OPEN else ImageFile.StubImageFile
    return isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)
