"""Training rows -> the center and scale that the model applies to all rows."""

from dataclasses import dataclass
from math import frexp
from statistics import NormalDist
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice

_IMAGE = ("auto", "backbone", "train", "none")
_TABLE = ("auto", "standard", "minmax", "robust", "quantile", "none")
Method = Literal["auto", "backbone", "train", "standard", "minmax", "robust", "quantile", "none"]
KNOTS = 97  # quantiles of a column that are noted
_CHUNK = 64  # images read at once
_LEVELS = {np.dtype(np.uint8): 256, np.dtype(np.uint16): 65536}


@dataclass(frozen=True)
class Normalize:
    """Choose how inputs are brought to one range.

    Args:
        method: auto, backbone, train, none for images; auto, standard, minmax, robust, quantile, none for tables.
    """

    method: Method

    def __post_init__(self) -> None:
        check_choice("normalize.method", self.method, get_args(Method))

    def for_images(self, pretrained: bool) -> str:
        """Decide between backbone, train and none: auto keeps a pretrained backbone's own statistics."""
        check_choice("normalize for images", self.method, _IMAGE)
        if self.method == "auto":
            return "backbone" if pretrained else "train"
        return self.method

    def for_tables(self) -> str:
        """Decide between standard, minmax, robust, quantile and none: auto is standard."""
        check_choice("normalize for tables", self.method, _TABLE)
        return "standard" if self.method == "auto" else self.method


def center_and_scale(values: NDArray[np.float64], method: str) -> tuple[float, float]:
    """Measure one column: the model computes (x - center) / scale.

    standard: mean, standard deviation (of the population); minmax: minimum, range; robust: median,
    interquartile range; quantile: the same two numbers, see `quantile_knots` for the rest. Values that do not vary by
    that measure get scale 1.

    Args:
        values: (N,) training values; infinite ones are left out.
        method: standard, minmax, robust, quantile or none.
    """
    values = values[np.isfinite(values)]
    if method == "none" or not len(values):
        return 0.0, 1.0
    unit = _power_of_two(values)
    values = values / unit
    if method == "standard":
        center = values.mean()
        scale = np.sqrt(((values - center) ** 2).mean())
    elif method == "minmax":
        center, scale = values.min(), values.max() - values.min()
    else:
        low, high = np.percentile(values, (25, 75))
        center, scale = np.median(values), high - low
    constant = values.min() == values.max()
    center = values[0] if constant else center
    return float(center * unit), float(scale * unit) if scale > 0 and not constant else 1.0


def quantile_knots(values: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure the quantiles of one column, and the normal score of each.

    The score of a value that several quantiles share is that of the middle of their levels; the outermost levels are
    half a step from 0 and 1, so that no row, however far out, gets a score beyond 2.6.

    Args:
        values: (N,) training values; infinite ones are left out.

    Returns:
        At most KNOTS values, ascending without repeats, and their scores.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return (), ()
    levels = np.linspace(0.0, 1.0, KNOTS)
    # "higher" and not between two values, so that quantiles are values that occur
    found, first, count = np.unique(
        np.quantile(values, levels, method="higher"), return_index=True, return_counts=True
    )
    middle = (levels[first] + levels[first + count - 1]) / 2
    half = 0.5 / (KNOTS - 1)
    scores = [NormalDist().inv_cdf(level) for level in np.clip(middle, half, 1 - half)]
    return tuple(found.tolist()), tuple(scores)


def image_statistics(images: Any, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure each channel over some images in one pass, exactly.

    Args:
        images: (N, H, W, C) uint8, uint16 or float32; read a few images at a time.
        rows: (M,) positions of the training images.

    Returns:
        Mean (C,) and standard deviation (C,), of intensities in [0, 1]: uint8 / 255, uint16 / 65535,
        float32 as it is. A channel that does not vary gets standard deviation 1.
    """
    if not len(rows):
        raise ValueError("rows must hold at least one training image, but got none.")
    levels = _LEVELS.get(np.dtype(images.dtype))
    measured = _float_moments(images, rows) if levels is None else _whole_moments(images, rows, levels)
    mean, variance = measured
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def _whole_moments(
    images: Any, rows: NDArray[np.int64], levels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Counting every intensity keeps the sums whole: no rounding, whatever the number of pixels.
    counts = np.zeros((images.shape[-1], levels), dtype=np.int64)
    for chunk in _chunks(images, rows):
        for channel in range(len(counts)):
            counts[channel] += np.bincount(chunk[..., channel].ravel(), minlength=levels)
    moments = []
    for channel in counts.tolist():
        number = sum(channel)
        total = sum(level * count for level, count in enumerate(channel))
        squares = sum(level * level * count for level, count in enumerate(channel))
        white = levels - 1
        variance = (number * squares - total * total) / (number * white) ** 2
        moments.append((total / (number * white), variance))
    mean, variance = np.array(moments).T
    return mean, variance


def _float_moments(images: Any, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Chan's merge of chunk means and squared deviations: no cancellation of large sums.
    number, mean, deviation = 0, np.zeros(images.shape[-1]), np.zeros(images.shape[-1])
    for chunk in _chunks(images, rows):
        pixels = chunk.reshape(-1, chunk.shape[-1]).astype(np.float64)
        if not np.isfinite(pixels).all():
            raise UserError("image intensities must be finite, but got NaN or infinity. Use normalize=none.")
        added, center = len(pixels), pixels.mean(axis=0)
        step = center - mean
        deviation += ((pixels - center) ** 2).sum(axis=0) + step**2 * (number * added / (number + added))
        mean = mean + step * (added / (number + added))
        number += added
    return mean, deviation / number


def _chunks(images: Any, rows: NDArray[np.int64]) -> Any:
    # In file order, so that a memory map is read forwards.
    ordered = np.asarray(rows)[np.asarray(rows).argsort(kind="stable")]
    for start in range(0, len(ordered), _CHUNK):
        yield np.asarray(images[ordered[start : start + _CHUNK]])


def _power_of_two(values: NDArray[np.float64]) -> float:
    # Squares of values near the ends of float64 would overflow; dividing by a power of two is exact.
    largest = float(np.abs(values).max())
    return 2.0 ** frexp(largest)[1] if largest > 1e150 or 0 < largest < 1e-150 else 1.0
