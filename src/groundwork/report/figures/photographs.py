"""Photographs of mistakes and doubts -> one contact sheet for each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.report.drawing import INK, MUTED, Drawing, Look, new_figure, short
from groundwork.report.photos import Photos, Shown, thumbnail

COLUMNS = 6
ROW = 1.42  # height of a photograph with its words, in widths of a photograph


def draw(name: str, title: str, caption: str, shown: Sequence[Shown], photos: Photos) -> list[Drawing]:
    """Draw the photographs that were found, in order, with truth and prediction below each."""
    present = [entry for entry in shown if entry.sample_id in photos]
    if not present:
        return []
    figure, axes = open_sheet(len(present), COLUMNS)
    for i, entry in enumerate(present):
        left, top = i % COLUMNS, (i // COLUMNS) * ROW
        put_photograph(axes, np.asarray(thumbnail(photos[entry.sample_id]).convert("RGB")), left, top)
        put_words(axes, entry, left + 0.48, top, (19, 14))
    close_sheet(axes, len(present), COLUMNS)
    return [Drawing(name, title, caption, figure, DataFrame(present))]


def open_sheet(num_shown: int, columns: int) -> tuple[Figure, Axes]:
    """Return a page for so many samples in so many columns."""
    figure = new_figure(1.62 * -(-num_shown // columns))
    axes = figure.add_subplot()
    axes.set_axis_off()
    return figure, axes


def put_photograph(
    axes: Axes, pixels: NDArray[np.uint8], left: float, top: float
) -> tuple[float, float, float, float]:
    """Draw a photograph (H, W) or (H, W, 3) in the middle of its place, and return left, top, width and height."""
    height, width = np.array(pixels.shape[:2]) / max(pixels.shape[:2]) * 0.92
    x, y = left + (0.96 - width) / 2, top + (0.96 - height) / 2
    look: Look = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "antialiased"}
    axes.imshow(pixels, extent=(x, x + width, y + height, y), **look)
    return x, y, width, height


def put_words(axes: Axes, one: Shown, middle: float, top: float, letters: tuple[int, int]) -> None:
    """Write truth and prediction below a photograph, in at most so many letters each."""
    below: Look = {"ha": "center", "va": "top", "fontsize": 7.5}
    axes.text(middle, top + 0.98, short(one.target, letters[0]), color=INK, **below)
    sure = "" if np.isnan(one.confidence) else f" {one.confidence:.0%}"
    axes.text(middle, top + 1.14, f"→ {short(one.prediction, letters[1])}{sure}", color=MUTED, **below)


def close_sheet(axes: Axes, num_shown: int, columns: int, width: int = 1) -> None:
    """Fit the page to its samples, each `width` photographs wide; drawing them has changed its limits."""
    axes.set_xlim(0, width * columns)
    axes.set_ylim(-(-num_shown // columns) * ROW, 0)
    axes.set_aspect("equal")
