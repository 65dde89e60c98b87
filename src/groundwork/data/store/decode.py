"""One image file, or its bytes -> one array (H, W, C).

Pillow decodes pictures, numpy reads .npy and .npz. Whatever is wrong with a file ends as one `BadImageError`
with a reason: libraries raise almost anything on damaged input.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image, ImageOps

from groundwork.data.store.pictures import Encoded, is_array, opened, picture_formats, suffix

# Twice Pillow's own warning level, where Pillow itself refuses: 179 million pixels are 0.5 GB in color.
MAX_PIXELS = 178_956_970
TRANSPOSED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap height and width
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})


class BadImageError(Exception):
    """Say in a few words why a file can't serve as an image."""


@dataclass(frozen=True)
class Header:
    """Hold what a file says about its pixels before they are decoded.

    Attributes:
        size: Height and width in pixels, EXIF orientation applied.
        channels: 1 for grey, 3 for color, any number for arrays.
        dtype: uint8, uint16 or float32.
    """

    size: tuple[int, int]
    channels: int
    dtype: str


def read_header(file: Encoded, max_pixels: int = MAX_PIXELS) -> Header:
    """Read size, channels and number type without decoding.

    Raises:
        BadImageError: If the file is no image, or holds more than `max_pixels` pixels.
    """
    with _named():
        if is_array(file):
            return _array_header(file, max_pixels)
        with Image.open(opened(file), formats=picture_formats()) as image:
            return _picture_header(image, max_pixels)


def decode(file: Encoded, least: int | None = None, max_pixels: int = MAX_PIXELS) -> tuple[NDArray[Any], str]:
    """Decode a whole file upright, transparent parts on white.

    Args:
        least: Pixels per side that are enough: JPEG decodes to a half, quarter or eighth of its size in a
            fraction of the time, which is used as long as both sides keep this many; None decodes in full.
        max_pixels: More pixels than this are refused: a file of a few bytes can claim to hold billions.

    Returns:
        (H, W, C) uint8, uint16 or float32 as the header says, and a note on what was left out ("" if nothing).

    Raises:
        BadImageError: If the file can't be read to its end, or holds values that are not finite.
    """
    with _named():
        read = _read_array if is_array(file) else _read_picture
        pixels, note = read(file, least, max_pixels)
        if pixels.dtype == np.float32 and not np.isfinite(pixels).all():
            raise BadImageError("holds values that are not finite")
        return pixels, note


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError(_reason(error)) from error


def _checked(header: Header, max_pixels: int) -> Header:
    if min(*header.size, header.channels) < 1:
        raise BadImageError("holds no pixel")
    if header.size[0] * header.size[1] * max(1, header.channels // 4) > max_pixels:
        size = f"{header.size[1]} x {header.size[0]}"
        raise BadImageError(f"holds {size} pixels, more than max_pixels={max_pixels} allows")
    return header


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    # Pillow's sentence ends in the file's own path, which stands beside the reason already.
    text = " ".join(str(error).split()).split(" '")[0]
    return text or type(error).__name__


def _picture_header(image: Image.Image, max_pixels: int) -> Header:
    grey = image.mode in GREY_MODES or image.mode.startswith("I;16")
    header = _checked(Header((image.height, image.width), 1 if grey else 3, _dtype(image.mode)), max_pixels)
    # Pillow decodes a whole PNG to look for EXIF behind the pixels, where hardly any file has it.
    known = image.format != "PNG" or "exif" in image.info
    turned = known and image.getexif().get(0x0112) in TRANSPOSED
    return replace(header, size=header.size[::-1]) if turned else header


def _dtype(mode: str) -> str:
    if mode.startswith("I;16"):
        return "uint16"
    return "float32" if mode in ("I", "F") else "uint8"


def _read_picture(file: Encoded, least: int | None, max_pixels: int) -> tuple[NDArray[Any], str]:
    with Image.open(opened(file), formats=picture_formats()) as image:
        _picture_header(image, max_pixels)
        # A phone's MPO holds a second view of the same scene: nothing is lost there.
        animated = getattr(image, "is_animated", False) and image.format != "MPO"
        if least is not None:
            image.draft(None, (least, least))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        dtype = _dtype(image.mode)
        pixels = np.asarray(_plain(image) if dtype == "uint8" else image).astype(dtype, copy=False)
    return pixels.reshape(*pixels.shape[:2], -1), "first of several frames" if animated else ""


def _plain(image: Image.Image) -> Image.Image:
    """Turn any 8-bit mode into L or RGB."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    grey = image.mode in GREY_MODES
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return image.convert("L" if grey else "RGB")


def _array_header(file: Encoded, max_pixels: int) -> Header:
    if suffix(file) == ".npy":
        with file.open("rb") if isinstance(file, Path) else BytesIO(file) as content:
            return _npy_header(content, max_pixels)
    with ZipFile(opened(file)) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise BadImageError(f"holds {len(names)} arrays, not one")
        with archive.open(names[0]) as member:
            return _npy_header(member, max_pixels)


def _npy_header(file: IO[bytes], max_pixels: int) -> Header:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise BadImageError("holds a structured array")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    if len(shape) not in (2, 3) or dtype.kind not in "buif":
        raise BadImageError(f"holds shape {shape} of {dtype}, not (H, W) or (H, W, C) numbers")
    height, width, channels = (*shape, 1) if len(shape) == 2 else shape
    if _channels_first(shape):
        channels, height, width = shape
    kept = dtype.name if dtype.name in ("uint8", "uint16") else "uint8" if dtype.kind == "b" else "float32"
    return _checked(Header((height, width), channels, kept), max_pixels)


def _channels_first(shape: tuple[int, ...]) -> bool:
    # (13, 64, 64) is how satellites store their bands; no picture is 13 pixels high with 64 channels.
    return len(shape) == 3 and shape[0] < min(shape[1:])


def _read_array(file: Encoded, least: int | None, max_pixels: int) -> tuple[NDArray[Any], str]:
    _array_header(file, max_pixels)
    read = np.load(opened(file), allow_pickle=False)
    if suffix(file) == ".npy":
        array = np.asarray(read)
    else:
        with read:
            array = np.asarray(read[read.files[0]])
    if array.ndim == 2:
        array = array[:, :, None]
    elif _channels_first(array.shape):
        array = array.transpose(1, 2, 0)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255), ""
    return array if array.dtype.name in ("uint8", "uint16") else array.astype(np.float32), ""
