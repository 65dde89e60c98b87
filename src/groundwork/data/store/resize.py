"""An array (H, W, C) of any size -> the one form in which a data set is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.text import shortlist
from groundwork.data.store.decode import Header

Resize = Literal["crop", "pad", "squash"]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Form:
    """Say what every image of a data set looks like once it is stored.

    Attributes:
        size: Height and width in pixels.
        channels: C.
        dtype: uint8, uint16 or float32.
        resize: "crop" fills the size and cuts the center, "pad" fits inside and adds black, "squash"
            gives up the aspect ratio.
        window: Raw values that become 0 and 1, beyond them clipped; None keeps raw values.
    """

    size: tuple[int, int]
    channels: int
    dtype: str
    resize: Resize
    window: tuple[float, float] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Give (H, W, C)."""
        return (*self.size, self.channels)

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Bring one image (H, W, C) into this form: widen, window, resize."""
        if self.window is not None:
            low, high = self.window
            pixels = np.clip((pixels.astype(np.float32) - low) / (high - low), 0, 1)
        if pixels.shape[2] == 1 and self.channels == 3:
            pixels = np.repeat(pixels, 3, axis=2)
        if pixels.dtype == np.uint8 and self.dtype == "uint16":
            pixels = pixels.astype(np.uint16) * np.uint16(257)
        return self._resized(pixels)

    def _resized(self, pixels: NDArray[Any]) -> NDArray[Any]:
        height, width = self.size
        if pixels.shape[:2] == self.size:
            return pixels
        if self.resize == "pad":
            scale = min(height / pixels.shape[0], width / pixels.shape[1])
            inner = (max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale)))
            top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
            canvas = np.zeros((height, width, pixels.shape[2]), pixels.dtype)
            canvas[top : top + inner[0], left : left + inner[1]] = resample(pixels, inner)
            return canvas
        return resample(_center(pixels, self.size) if self.resize == "crop" else pixels, self.size)


def unify(headers: Sequence[Header], size: tuple[int, int] | None, resize: str, window: Any) -> Form:
    """Choose one form for all images: grey only if all are grey, the widest number type of them.

    Args:
        headers: Of every readable image.
        size: Height and width; None keeps the images' own, which must then agree.
    """
    check_choice("data.resize", resize, get_args(Resize))
    if window is not None and (len(window) != 2 or not window[0] < window[1]):
        raise UserError(f"data.window must be [low, high] with low < high, but got {window}. Correct it.")
    if size is None:
        size = _only({header.size for header in headers}, "size", "Set data.image_size.")
    channels = {header.channels for header in headers}
    num_channels = 3 if channels == {1, 3} else _only(channels, "number of channels", "Leave the others out.")
    dtypes = {header.dtype for header in headers}
    dtype = "uint16" if dtypes == {"uint8", "uint16"} else "float32"
    if window is None and dtypes != {"uint8", "uint16"}:
        dtype = _only(dtypes, "number type", "Set data.window=[low, high].")
    if window is not None:
        dtype, window = "float32", (float(window[0]), float(window[1]))
    return Form(size, num_channels, dtype, resize, window)  # type: ignore[arg-type]  # checked above


def _only(found: set[Key], what: str, action: str) -> Key:
    if len(found) != 1:
        some = shortlist(sorted(map(str, found)), 4)
        raise UserError(f"Images must share one {what}, but got {len(found)} ({some}). {action}")
    return found.pop()


def _center(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Cut the largest centered box of the target's aspect ratio, to the nearest pixel."""
    scale = min(pixels.shape[0] / size[0], pixels.shape[1] / size[1])
    height, width = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def resample(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resize (H, W, C) by the antialiased bicubic filter that Pillow and torch share.

    torch is three to five times faster for uint8 and computes in whole numbers, the same on every CPU;
    Pillow does not depend on the instruction set for floats either.
    """
    if pixels.dtype == np.uint8:
        image = torch.from_numpy(np.require(pixels[None], requirements=["C", "W"])).permute(0, 3, 1, 2)
        resized = functional.interpolate(image, size, mode="bicubic", antialias=True)
        return resized.permute(0, 2, 3, 1)[0].numpy()
    planes = [
        np.asarray(Image.fromarray(plane).resize((size[1], size[0]), Image.Resampling.BICUBIC))
        for plane in np.moveaxis(pixels.astype(np.float32), 2, 0)
    ]
    # The bicubic kernel overshoots at edges: stay within the image's own range.
    held = np.clip(np.stack(planes, axis=2), pixels.min(), pixels.max())
    return np.asarray(held if pixels.dtype == np.float32 else np.rint(held), dtype=pixels.dtype)
