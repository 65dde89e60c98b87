"""Image files -> the array that an exported model reads, with numpy and Pillow alone.

This file is copied beside every exported image model as `preprocess.py`. It imports nothing else, and gives
the very pixels that the model was trained on.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

GREY_MODES = ("1", "L", "LA", "La", "I", "F")
PRECISION = 15  # bits of a resampling weight, its sign left out


def read_image(path: str | Path, preprocessing: dict[str, Any]) -> NDArray[Any]:
    """Read one file as `preprocessing.json` says: (C, H, W) uint8, uint16 or float32.

    Raises:
        ValueError: If the image does not fit the model.
    """
    height, width = preprocessing["size"]
    return form_image(decode(Path(path), 2 * max(height, width)), preprocessing)


def decode(path: Path, least: int) -> NDArray[Any]:
    """Decode a file upright, transparent parts on white: (H, W, C).

    Args:
        least: Pixels per side that are enough, by which JPEG decodes faster.
    """
    if path.suffix.lower() in (".npy", ".npz"):
        return _decode_array(path)
    with Image.open(path) as image:
        image.draft(None, (least, least))
        image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        pixels = np.asarray(upright).astype(np.uint16)
    elif upright.mode in ("I", "F"):
        pixels = np.asarray(upright).astype(np.float32)
    else:
        pixels = np.asarray(_plain(upright))
    return pixels.reshape(*pixels.shape[:2], -1)


def form_image(pixels: NDArray[Any], preprocessing: dict[str, Any]) -> NDArray[Any]:
    """Bring a decoded image (H, W, C) into the form of the model's input (C, H, W)."""
    channels, dtype, window = preprocessing["channels"], preprocessing["dtype"], preprocessing["window"]
    if preprocessing["fixed_size"] and list(pixels.shape[:2]) != list(preprocessing["size"]):
        raise ValueError(f"the image must have the size {preprocessing['size']}, but has {pixels.shape[:2]}")
    if window is not None:
        pixels = np.clip((pixels.astype(np.float32) - window[0]) / (window[1] - window[0]), 0, 1)
    if pixels.shape[2] == 1 and channels == 3:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.dtype == np.uint8 and dtype == "uint16":
        pixels = pixels.astype(np.uint16) * np.uint16(257)
    if pixels.shape[2] != channels or pixels.dtype != dtype:
        raise ValueError(f"the image must be {channels} x {dtype}, but is {pixels.shape[2]} x {pixels.dtype}")
    return np.ascontiguousarray(_resize(pixels, preprocessing).transpose(2, 0, 1))


def _decode_array(path: Path) -> NDArray[Any]:
    read = np.load(path, allow_pickle=False)
    array: NDArray[Any] = read if path.suffix.lower() == ".npy" else read[read.files[0]]
    if array.ndim == 2:
        array = array[:, :, None]
    elif array.shape[0] < min(array.shape[1:]):  # channels first
        array = array.transpose(1, 2, 0)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    return array if array.dtype.name in ("uint8", "uint16") else array.astype(np.float32)


def _plain(image: Image.Image) -> Image.Image:
    """Turn any 8-bit mode into grey or RGB."""
    grey = image.mode in GREY_MODES
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return image.convert("L" if grey else "RGB")


def _resize(pixels: NDArray[Any], preprocessing: dict[str, Any]) -> NDArray[Any]:
    """Fill the size and cut the center (crop), fit inside and add black (pad), or stretch (squash)."""
    height, width = preprocessing["size"]
    if pixels.shape[:2] == (height, width):
        return pixels
    shares = pixels.shape[0] / height, pixels.shape[1] / width
    if preprocessing["resize"] == "crop":
        share = min(shares)
        box = max(1, round(height * share)), max(1, round(width * share))
        top, left = (pixels.shape[0] - box[0]) // 2, (pixels.shape[1] - box[1]) // 2
        return _resample(pixels[top : top + box[0], left : left + box[1]], (height, width))
    if preprocessing["resize"] == "squash":
        return _resample(pixels, (height, width))
    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    inner = max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    canvas = np.zeros((height, width, pixels.shape[2]), pixels.dtype)
    canvas[top : top + inner[0], left : left + inner[1]] = _resample(pixels, inner)
    return canvas


def _resample(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resize by the antialiased bicubic filter, bytes in whole numbers as torch does, columns before rows."""
    if pixels.dtype == np.uint8:
        for axis in (1, 0):
            if pixels.shape[axis] != size[axis]:
                pixels = _resample_bytes(pixels, axis, size[axis])
        return pixels
    planes = [
        np.asarray(Image.fromarray(plane).resize((size[1], size[0]), Image.Resampling.BICUBIC))
        for plane in np.moveaxis(pixels.astype(np.float32), 2, 0)
    ]
    held = np.clip(np.stack(planes, axis=2), pixels.min(), pixels.max())
    return np.asarray(held if pixels.dtype == np.float32 else np.rint(held), dtype=pixels.dtype)


def _resample_bytes(pixels: NDArray[np.uint8], axis: int, length: int) -> NDArray[np.uint8]:
    weights = _weights(pixels.shape[axis], length)
    shift = 0
    while shift < 22 and int(0.5 + weights.max() * 2 ** (shift + 1)) < 2**PRECISION:
        shift += 1
    whole = np.trunc(weights * 2**shift + np.where(weights < 0, -0.5, 0.5))
    # float64 holds these sums exactly, and multiplies matrices far faster than whole numbers
    sums = np.moveaxis(np.tensordot(whole, pixels.astype(np.float64), (1, axis)), 0, axis)
    return np.asarray(np.clip(np.floor(sums / 2**shift + 0.5), 0, 255), dtype=np.uint8)


def _weights(before: int, after: int) -> NDArray[np.float64]:
    """Weigh the old pixels for each new one, (after, before), by the cubic of Keys 1981 with a = -0.5."""
    scale = before / after
    stretch = max(scale, 1.0)
    weights = np.zeros((after, before))
    for row in range(after):
        center = scale * (row + 0.5)
        low = max(int(center - 2 * stretch + 0.5), 0)
        high = min(int(center + 2 * stretch + 0.5), before)
        x = np.abs((np.arange(low, high) - center + 0.5) / stretch)
        near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        cubic = np.where(x < 1, near, np.where(x < 2, far, 0.0))
        weights[row, low:high] = cubic / cubic.sum()
    return weights
